// How the search ranks: as Sphinx does by default, but the changelog, which has all words, comes after the other pages.
var Scorer = {
  score: ([docname, title, anchor, descr, score]) => (docname === "changelog" ? score / 2 : score),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
