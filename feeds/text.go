package feeds

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Text returns what a reader sees of h: its text without markup, blocks and
// lines separated by single newlines.
func (h SafeHTML) Text() string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(string(h)))
	pending := false // a block ended since the last text
	for {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			text := string(z.Text())
			if strings.TrimSpace(text) == "" {
				if !pending && b.Len() > 0 {
					b.WriteByte(' ')
				}
				continue
			}
			if pending && b.Len() > 0 {
				b.WriteByte('\n')
				text = strings.TrimLeft(text, " \t\r\n")
			}
			pending = false
			b.WriteString(text)
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			switch atom.Lookup(name) {
			case atom.A, atom.B, atom.I, atom.U, atom.S, atom.Em, atom.Strong, atom.Span, atom.Sub, atom.Sup, atom.Small, atom.Abbr, atom.Code, atom.Mark, atom.Cite, atom.Q, atom.Img:
			default:
				pending = true
			}
		}
	}
}
