"""How a problem looks: JSON, XML, a page, text. Styles choose between them; `Response` is the finished result."""
