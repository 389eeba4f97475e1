package extract

import (
	"errors"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Bounds on what is parsed. Real pages are far below; documents made to cost the
// parser much more than they cost their sender are above.
const (
	mostTags       = 400_000
	mostFormatting = 200  // formatting elements open at a time
	mostReopened   = 2e6  // formatting elements times the tags behind them: each block opens them all again
	mostRoots      = 10   // <html> and <body> tags: each would merge its attributes
	mostNamespaces = 500  // xmlns attributes of a feed: each element inherits them all
	mostItems      = 1000 // of one document
	mostContent    = 512 << 10
	mostFiles      = 100
	mostAuthors    = 20
)

var errBounds = errors.New("the markup is out of all proportion; it is not parsed")

// parsePage parses a whole page.
func parsePage(text string) (*html.Node, error) {
	if err := checkBounds(text); err != nil {
		return nil, err
	}
	return html.Parse(strings.NewReader(text))
}

// fragment parses markup as the inside of a body.
func fragment(markup string) ([]*html.Node, error) {
	if err := checkBounds(markup); err != nil {
		return nil, err
	}
	return html.ParseFragment(strings.NewReader(markup), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
}

// checkBounds reads the tags of markup without building a tree.
func checkBounds(markup string) error {
	if strings.Count(markup, "<") < mostFormatting {
		return nil
	}
	z := html.NewTokenizer(strings.NewReader(markup))
	tags, formatting, reopened, roots := 0, 0, 0, 0
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return nil
		}
		if kind != html.StartTagToken && kind != html.EndTagToken {
			continue
		}
		name, _ := z.TagName()
		tags++
		switch a := atom.Lookup(name); {
		case a == atom.Html || a == atom.Body:
			roots++
		case isFormatting(a) && kind == html.StartTagToken:
			formatting++
		case isFormatting(a):
			formatting = max(formatting-1, 0)
		default:
			reopened += formatting
		}
		if tags > mostTags || reopened > mostReopened || formatting > mostFormatting || roots > 2*mostRoots {
			return errBounds
		}
	}
}

// isFormatting reports whether an open element of this kind is opened again in
// each block that follows (HTML, 13.2.4.3).
func isFormatting(a atom.Atom) bool {
	switch a {
	case atom.B, atom.Big, atom.Code, atom.Em, atom.Font, atom.I, atom.Nobr, atom.S, atom.Small, atom.Strike, atom.Strong, atom.Tt, atom.U:
		return true
	}
	return false
}
