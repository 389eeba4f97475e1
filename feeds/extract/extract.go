// Package extract makes articles out of pages: feeds of every kind, HTML pages
// that list articles, and the article pages themselves. It repairs what is
// broken, normalises what differs and sanitises all markup.
//
// It opens no connection and reads no clock: a page and its source are all it
// knows. Read [Read] and [Complete] first.
package extract

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"golang.org/x/net/html"

	"gomtin/feeds"
	"gomtin/feeds/viet"
)

// A Document is what one feed or page holds.
type Document struct {
	Title       string
	Link        string // the page that the feed belongs to
	Description string
	Language    string
	Updated     time.Time
	Articles    []feeds.Article // in the document's order
	Lost        []error         // what could not be read of it
}

// Form is what a page turns out to be.
type Form string

const (
	FormFeed    Form = "feed"
	FormList    Form = "list"
	FormArticle Form = "article"
)

// Read reads a source's page as what the source says it is, a feed or a listing.
// Single bad items are in Lost; an error means that nothing could be read, and is
// an [*feeds.Error] with the fault Malformed.
func Read(src feeds.Source, page *feeds.Page) (*Document, error) {
	text := decode(page.Body, page.MediaType, src.Charset)
	var doc *Document
	var err error
	if src.Kind == feeds.KindList {
		doc, err = readList(src, page.URL, text)
	} else {
		doc, err = readFeed(src, page.URL, text)
	}
	if err != nil {
		return nil, &feeds.Error{Op: "read " + string(src.Kind), URL: page.URL, Fault: feeds.Malformed, Err: err}
	}
	doc.settle(src)
	return doc, nil
}

// settle fills in what follows from the document as a whole: which links are an
// article's own, what stands there twice, what is no article at all.
func (doc *Document) settle(src feeds.Source) {
	links := make(map[string]int)
	seen := make(map[string]bool)
	if n := len(doc.Articles); n > mostItems {
		doc.Articles = doc.Articles[:mostItems]
		doc.Lost = append(doc.Lost, fmt.Errorf("only the first %d of %d items are read", mostItems, n))
	}
	kept := doc.Articles[:0]
	for _, a := range doc.Articles {
		a.Department, a.Source = src.Department.ID, src.ID
		if src.FullText || src.Kind == feeds.KindList {
			a.Listed = listedDigest(a)
		}
		finish(&a)
		again := strings.Join([]string{a.GUID, feeds.LinkKey(a.Link), a.Title, string(a.Content)}, "\n")
		switch {
		case a.Title == "" && a.Content == "":
			doc.Lost = append(doc.Lost, fmt.Errorf("an item has neither title nor text: %s", or(a.Link, a.GUID)))
			continue
		case seen[again]:
			continue
		}
		seen[again] = true
		links[feeds.LinkKey(a.Link)]++
		kept = append(kept, a)
	}
	doc.Articles = kept
	for i := range kept {
		kept[i].SetIdentity(links[feeds.LinkKey(kept[i].Link)] > 1)
	}
}

// listedDigest sums up what a feed or list says of an article: when it changes,
// the article's own page is read again.
func listedDigest(a feeds.Article) string {
	sum := sha256.Sum256([]byte(a.Title + "\x00" + a.Summary + "\x00" + string(a.Content)))
	return hex.EncodeToString(sum[:8])
}

// FormOf finds out what a page is from its content alone.
func FormOf(page *feeds.Page) Form {
	text := decode(page.Body, page.MediaType, "")
	if looksLikeFeed(text) {
		return FormFeed
	}
	root, err := parsePage(text)
	if err != nil {
		return FormList
	}
	if base, err := parseBase(page.URL); err == nil && isArticle(root, base) {
		return FormArticle
	}
	return FormList
}

// looksLikeFeed reports whether a feed's root stands before anything of HTML.
func looksLikeFeed(text string) bool {
	head := text[:min(len(text), 64<<10)]
	if trimmed := strings.TrimSpace(head); strings.HasPrefix(trimmed, "{") {
		return strings.Contains(head, `"items"`) || strings.Contains(head, "jsonfeed.org")
	}
	feedAt := feedRoot.FindStringIndex(head)
	if feedAt == nil {
		return false
	}
	htmlAt := htmlRoot.FindStringIndex(head)
	return htmlAt == nil || feedAt[0] < htmlAt[0]
}

var (
	feedRoot = regexp.MustCompile(`(?i)<(?:rss|feed|rdf:RDF|channel)[\s>]`)
	htmlRoot = regexp.MustCompile(`(?i)<html[\s>]|<!doctype html`)
)

// finish fills in what follows from an article's other fields.
func finish(a *feeds.Article) {
	a.Title = shorten(a.Title, 500)
	if a.GUID = viet.Clean(a.GUID); len(a.GUID) > 1024 || len(a.Link) > 2048 { // more than an index or a reader takes
		sum := sha256.Sum256([]byte(a.GUID + " " + a.Link))
		a.GUID, a.Link = "sha256:"+hex.EncodeToString(sum[:]), ""
	}
	if len(a.Content) > mostContent {
		a.Content = paragraph(shorten(a.Content.Text(), 4000))
	}
	text := a.Content.Text()
	if a.Summary == "" {
		a.Summary = shorten(text, 300)
	}
	if a.Title == "" {
		a.Title = shorten(strings.ReplaceAll(a.Summary, "\n", " "), 80)
	}
	a.Numbers = documentNumbers(a.Title + "\n" + text)
	if a.Image.URL == "" {
		a.Image = firstImage(a.Content)
	}
}

var numberForm = regexp.MustCompile(`\b\d{1,5}/(?:\d{4}/[A-ZĐ][A-ZĐ0-9]*(?:-[A-ZĐ][A-Za-zĐđ0-9]*)*|[A-ZĐ][A-ZĐ0-9]*(?:-[A-ZĐ][A-Za-zĐđ0-9]*)+)`)

// documentNumbers returns the official numbers in text, each once, in order
// ("123/QĐ-UBND", "34/2026/NQ-CP"). Cyrillic look-alikes are read as Latin.
func documentNumbers(text string) []string {
	text = cyrillic.Replace(viet.Clean(text))
	var found []string
	seen := make(map[string]bool)
	for _, n := range numberForm.FindAllString(text, 50) {
		if !seen[n] {
			seen[n] = true
			found = append(found, n)
		}
	}
	return found
}

var cyrillic = strings.NewReplacer("А", "A", "В", "B", "С", "C", "Е", "E", "Н", "H", "К", "K", "М", "M", "О", "O", "Р", "P", "Т", "T", "Х", "X")

// shorten cuts text at a word's end so that it has at most n characters.
func shorten(text string, n int) string {
	text = viet.Clean(text)
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	cut := string(runes[:n-1])
	if i := strings.LastIndexByte(cut, ' '); i > len(cut)/2 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,;:.–-") + "…"
}

// plain returns the text of a field that should be plain but may hold markup or
// references escaped once too often, on one line.
func plain(s string) string {
	s = strings.TrimSpace(s)
	if strings.ContainsAny(s, "<&") {
		s = textOnly(s)
	}
	if doubleEscaped.MatchString(s) {
		s = html.UnescapeString(s)
	}
	return viet.Clean(s)
}

var doubleEscaped = regexp.MustCompile(`&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8}\d{0,2});`)

// firstImage returns the first picture of content.
func firstImage(content feeds.SafeHTML) feeds.Image {
	if !strings.Contains(string(content), "<img") {
		return feeds.Image{}
	}
	z := html.NewTokenizer(strings.NewReader(string(content)))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return feeds.Image{}
		case html.StartTagToken, html.SelfClosingTagToken:
			if t := z.Token(); t.Data == "img" {
				n := &html.Node{Attr: t.Attr}
				return feeds.Image{URL: attr(n, "src"), Alt: attr(n, "alt"), Width: atoi(attr(n, "width")), Height: atoi(attr(n, "height"))}
			}
		}
	}
}

func parseBase(pageURL string) (*url.URL, error) {
	base, err := url.Parse(pageURL)
	if err != nil {
		return nil, fmt.Errorf("the page's address: %w", err)
	}
	return base, nil
}
