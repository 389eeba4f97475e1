package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gomtin/feeds"
	"gomtin/feeds/curate"
	"gomtin/feeds/extract"
)

func inspectCommand() *cobra.Command {
	var base, as string
	var asJSON, article bool
	var m manners
	c := &cobra.Command{
		Use:   "inspect URL|FILE",
		Short: "Show what gomtin makes of one feed or page",
		Long:  "Reads one feed, listing page or article page and shows its articles, their dates,\ntheir topics and why. Nothing is stored.",
		Example: `  gomtin inspect https://syt.gialai.gov.vn/vi/news/rss/
  gomtin inspect page.html --base https://gialai.gov.vn/tin-tuc --as list --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if article {
				as = string(extract.FormArticle)
			}
			form := extract.Form(as)
			switch form {
			case "", extract.FormFeed, extract.FormList, extract.FormArticle:
			default:
				return usageError{fmt.Errorf("--as %q: write feed, list or article", as)}
			}
			page, err := m.page(c.Context(), args[0], base)
			if err != nil {
				return err
			}
			doc, err := inspect(page, form)
			if err != nil {
				return err
			}
			classifier := curate.NewClassifier(curate.BuiltIn())
			for i := range doc.Articles {
				doc.Articles[i].Topics = classifier.Topics(doc.Articles[i], nil)
			}
			if asJSON {
				return inspectJSON(c.OutOrStdout(), doc)
			}
			inspectText(c.OutOrStdout(), doc)
			return nil
		},
	}
	f := c.Flags()
	f.BoolVar(&asJSON, "json", false, "one JSON document, for programs")
	f.StringVar(&base, "base", "", "the address that FILE came from")
	f.StringVar(&as, "as", "", "what it is: feed, list or article (default: find out)")
	f.BoolVar(&article, "article", false, "the same as --as article")
	f.BoolVar(&m.allowPrivate, "allow-private", false, "fetch from loopback and private addresses too")
	return c
}

// page reads a file or fetches an address.
func (m manners) page(ctx context.Context, name, base string) (*feeds.Page, error) {
	if strings.Contains(name, "://") {
		client := m.client("")
		defer client.Close()
		return client.Fetch(ctx, feeds.Request{URL: name})
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	if base != "" && !isWeb(base) {
		return nil, usageError{fmt.Errorf("--base %q is not a web address", base)}
	}
	if base == "" {
		abs, err := filepath.Abs(name)
		if err != nil {
			return nil, err
		}
		base = "file://" + filepath.ToSlash(abs)
	}
	return &feeds.Page{URL: base, Body: data, MediaType: mime.TypeByExtension(filepath.Ext(name)), FetchedAt: time.Now()}, nil
}

// inspect reads a page as form, or as what it turns out to be.
func inspect(page *feeds.Page, form extract.Form) (*extract.Document, error) {
	if form == "" {
		form = extract.FormOf(page)
	}
	if form == extract.FormArticle {
		a, err := extract.Complete(feeds.Source{Kind: feeds.KindList}, page, feeds.Article{})
		if err != nil {
			return nil, err
		}
		if a.Link == "" {
			a.Link = page.URL
		}
		return &extract.Document{Title: a.Title, Link: a.Link, Language: a.Language, Articles: []feeds.Article{a}}, nil
	}
	doc, err := extract.Read(feeds.Source{Kind: feeds.SourceKind(form)}, page)
	if err == nil && len(doc.Articles) == 0 {
		err = errors.New("the feed holds no articles")
	}
	return doc, err
}

type (
	inspectedFeed struct {
		Title       string     `json:"title,omitempty"`
		Link        string     `json:"link,omitempty"`
		Description string     `json:"description,omitempty"`
		Language    string     `json:"language,omitempty"`
		Updated     *time.Time `json:"updated,omitempty"`
	}
	inspectedItem struct {
		ID         string          `json:"id,omitempty"`
		URL        string          `json:"url,omitempty"`
		Title      string          `json:"title,omitempty"`
		Author     string          `json:"author,omitempty"`
		Published  *time.Time      `json:"published,omitempty"`
		Updated    *time.Time      `json:"updated,omitempty"`
		Summary    string          `json:"summary,omitempty"`
		Content    feeds.SafeHTML  `json:"content_html,omitempty"`
		Categories []string        `json:"categories,omitempty"`
		Enclosures []inspectedFile `json:"enclosures,omitempty"`
		Topics     []feeds.Match   `json:"topics"`
	}
	inspectedFile struct {
		URL    string `json:"url"`
		Type   string `json:"type,omitempty"`
		Length int64  `json:"length,omitempty"`
	}
)

// given returns a time to write, nil for one that is not there.
func given(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func inspectJSON(w io.Writer, doc *extract.Document) error {
	out := struct {
		Feed  inspectedFeed   `json:"feed"`
		Items []inspectedItem `json:"items"`
		Lost  []string        `json:"lost,omitempty"`
	}{Feed: inspectedFeed{doc.Title, doc.Link, doc.Description, doc.Language, given(doc.Updated)}, Items: []inspectedItem{}}
	for _, a := range doc.Articles {
		item := inspectedItem{
			ID: a.GUID, URL: a.Link, Title: a.Title, Author: a.Author, Published: given(a.Published), Updated: given(a.Updated),
			Summary: a.Summary, Content: a.Content, Categories: a.Categories, Topics: a.Topics,
		}
		if item.ID == "" {
			item.ID = a.Link
		}
		for _, e := range a.Enclosures {
			item.Enclosures = append(item.Enclosures, inspectedFile{e.URL, e.Type, e.Length})
		}
		out.Items = append(out.Items, item)
	}
	for _, err := range doc.Lost {
		out.Lost = append(out.Lost, err.Error())
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

func inspectText(w io.Writer, doc *extract.Document) {
	fmt.Fprintf(w, "%s\n%s\n%s\n", doc.Title, doc.Link, count(len(doc.Articles), "article"))
	for i, a := range doc.Articles {
		when := "no date"
		if !a.Published.IsZero() {
			when = a.Published.Format("2006-01-02 15:04 -07:00")
		}
		fmt.Fprintf(w, "\n%d. %s\n   %s", i+1, a.Title, when)
		if a.Author != "" {
			fmt.Fprintf(w, " · %s", a.Author)
		}
		fmt.Fprintf(w, "\n   %s\n", a.Link)
		for _, m := range a.Topics {
			fmt.Fprintf(w, "   %s (%.0f): %s\n", m.Topic, m.Score, strings.Join(m.Why[:min(len(m.Why), 4)], ", "))
		}
		for _, e := range a.Enclosures {
			fmt.Fprintf(w, "   + %s (%s)\n", e.URL, e.Type)
		}
	}
	for _, err := range doc.Lost {
		fmt.Fprintf(w, "\nlost: %v\n", err)
	}
}

// oneLine writes joined errors on one line.
func oneLine(err error) string {
	var lines []string
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}
