package extract

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"gomtin/feeds"
)

// TestBombs holds that documents which cost a parser much more than their size
// are not parsed: what is left is their text, or a plain error.
func TestBombs(t *testing.T) {
	var bold, roots strings.Builder
	for i := range 199 {
		fmt.Fprintf(&bold, "<b a=%d>", i)
	}
	for i := range 5000 {
		fmt.Fprintf(&roots, "<html a%d>", i)
	}
	for name, markup := range map[string]string{
		"formatting that each block opens again": "<p>" + bold.String() + strings.Repeat("<p>x", 50_000),
		"roots whose attributes are merged":      roots.String() + "x",
		"tags without end":                       strings.Repeat("<br>", 500_000) + "x",
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got := Sanitize(markup, nil)
			runtime.ReadMemStats(&after)
			if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 50 {
				t.Errorf("%d kB of markup took %d MB", len(markup)>>10, mb)
			}
			if !strings.HasPrefix(string(got), "<p>x") {
				t.Errorf("it came out as %.60q, want its text", got)
			}
			if _, err := Complete(feeds.Source{}, &feeds.Page{URL: "http://a.vn/x", Body: []byte(markup)}, feeds.Article{}); feeds.FaultOf(err) != feeds.Malformed {
				t.Errorf("as a page: %v, want malformed", err)
			}
		})
	}
	var spaces strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&spaces, `<x:a xmlns:a%d="b">`, i)
	}
	body := `<rss version="2.0"><channel>` + spaces.String()
	if _, err := Read(feeds.Source{Kind: feeds.KindFeed}, &feeds.Page{URL: "http://a.vn/rss", Body: []byte(body)}); feeds.FaultOf(err) != feeds.Malformed {
		t.Errorf("a thousand namespaces: %v, want malformed", err)
	}
}

// TestOversizedItems holds what of an item has a limit.
func TestOversizedItems(t *testing.T) {
	long := strings.Repeat("x", 5000)
	doc, err := Read(feeds.Source{Kind: feeds.KindFeed}, &feeds.Page{URL: "http://a.vn/rss", Body: []byte(
		`<rss version="2.0"><channel><title>t</title><item><title>` + strings.Repeat("Tin ", 1000) + `</title><link>/` + long + `</link><guid>` + long + `</guid>` +
			`<description>` + strings.Repeat("Nội dung. ", 100_000) + `</description></item><item><link>/rong</link></item></channel></rss>`)})
	if err != nil || len(doc.Articles) != 1 || len(doc.Lost) != 1 {
		t.Fatalf("%+v, %v; want one article, and one lost for having nothing to read", doc, err)
	}
	if a := doc.Articles[0]; len([]rune(a.Title)) > 500 || len(a.GUID) > 100 || a.Link != "" || len(a.Content) > 20_000 {
		t.Errorf("title %d, guid %d, link %d, content %d bytes", len(a.Title), len(a.GUID), len(a.Link), len(a.Content))
	}
}
