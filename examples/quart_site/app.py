"""A blog: pages for people, documents for its own script, one layout for all pages."""

from __future__ import annotations

from quart import Blueprint, Quart, abort, render_template

from errbridge import Incident, Page, Problem
from errbridge_quart import ErrorHandler

POSTS = {"tea": "How to make tea", "cups": "Which cups to choose"}
DELETED = {"coffee": 2020}

app = Quart(__name__)
blog = Blueprint("blog", __name__, url_prefix="/blog")

errors = ErrorHandler(app, handler="web", ERROR_PAGE="errors/any.html")
# Pages are looked for in this order: blog/errors/404.html, blog/errors/4xx.html, errors/404.html, errors/4xx.html, and
# then ERROR_PAGE. Each may extend the layout and use url_for and the app's own filters.


class Deleted(Problem, status=410, title="Deleted"):
    """The post was taken off the blog."""

    since: int


@errors.register(app, code=Deleted)
def deleted(exc: Deleted, incident: Incident) -> Page | None:
    """Show a page with the date; scripts get the document, which has ``since`` as well."""
    return Page("deleted.html", since=exc.since) if incident.media_type == "text/html" else None


@app.get("/")
async def index() -> str:
    return await render_template("index.html", posts=POSTS)


@blog.get("/<name>")
async def post(name: str) -> str:
    if name in DELETED:
        raise Deleted(since=DELETED[name])
    if name not in POSTS:
        abort(404, f"There is no post about {name}.")
    return await render_template("post.html", title=POSTS[name])


@blog.post("/<name>/comments")
async def comment(name: str) -> str:
    raise RuntimeError(f"the database has no table for comments on {name}")


app.register_blueprint(blog)
