package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gomtin/cmd/gomtin/province"
	"gomtin/feeds"
	"gomtin/feeds/curate"
	"gomtin/feeds/extract"
	"gomtin/feeds/fetch"
)

// leastRight is how many first topics of the sample province must be right, in
// percent. The rules were written with these texts in sight: the figure guards
// against a step back, and says little of texts unseen.
const leastRight = 90

// TestProvinceIsRead reads every article of the sample province as a poll does and
// compares it with what its author wrote. With -v it prints what "make eval" shows.
func TestProvinceIsRead(t *testing.T) {
	prov, _, stop := startProvince()
	defer stop()
	client := fetch.New(fetch.Options{AllowPrivate: true, HostPace: -1})
	defer client.Close()
	classifier := curate.NewClassifier(curate.BuiltIn())
	truth := prov.Articles()
	_, sources := prov.Departments()
	var all []readArticle
	for _, src := range sources {
		written := truth[string(src.Department.ID)]
		got := readSource(t, client, src)
		if len(got) != len(written) {
			t.Errorf("%s: %d articles read, %d written", src.Department.ID, len(got), len(written))
			continue
		}
		for i, a := range got {
			compare(t, src, a, written[i])
			a.Fingerprint = curate.FingerprintOf(a)
			a.Topics = classifier.Topics(a, src.Department.Topics)
			all = append(all, readArticle{a, written[i]})
		}
	}
	checkTopics(t, all)
	checkCopies(t, all)
}

// A readArticle is an article as it was read, beside what was written.
type readArticle struct {
	feeds.Article
	written province.Article
}

func (r readArticle) name() string { return fmt.Sprintf("%s/%d", r.Department, r.written.ID) }

func readSource(t *testing.T, client *fetch.Client, src feeds.Source) []feeds.Article {
	t.Helper()
	page, err := client.Fetch(t.Context(), feeds.Request{URL: src.URL})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := extract.Read(src, page)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range doc.Articles {
		if !src.FullText && src.Kind != feeds.KindList {
			continue
		}
		page, err := client.Fetch(t.Context(), feeds.Request{URL: a.Link})
		if err != nil {
			t.Fatal(err)
		}
		if doc.Articles[i], err = extract.Complete(src, page, a); err != nil {
			t.Fatal(err)
		}
	}
	return doc.Articles
}

func compare(t *testing.T, src feeds.Source, a feeds.Article, w province.Article) {
	t.Helper()
	if a.Title != w.Title || a.Link != w.Link() {
		t.Errorf("%s/%d: title %q, link %s; want %q, %s", src.Department.ID, w.ID, a.Title, a.Link, w.Title, w.Link())
	}
	if !a.Published.Equal(w.Date) {
		t.Errorf("%s/%d: published %s, want %s", src.Department.ID, w.ID, a.Published.Format(time.RFC3339), w.Date.Format(time.RFC3339))
	}
	if a.Author != w.Author && src.Department.ID != "congan" { // whose feed only shows the name, unmarked, below the text
		t.Errorf("%s/%d: author %q, want %q", src.Department.ID, w.ID, a.Author, w.Author)
	}
	text := a.Content.Text()
	for _, b := range w.Blocks {
		if b.File == "" && !strings.Contains(text, b.Text) {
			t.Errorf("%s/%d: the text lacks %q", src.Department.ID, w.ID, b.Text)
		}
	}
	if n := len(w.Files()); n != len(a.Enclosures) && src.Kind != "" && (src.FullText || src.Kind == feeds.KindList) {
		t.Errorf("%s/%d: %d attachments, want %d", src.Department.ID, w.ID, len(a.Enclosures), n)
	}
}

// checkTopics counts first topics that are right. A wrong one must at least be
// among the others.
func checkTopics(t *testing.T, all []readArticle) {
	right := 0
	for _, r := range all {
		var got []feeds.TopicID
		for _, m := range r.Topics {
			got = append(got, m.Topic)
		}
		want := r.written.Topics[0]
		if got[0] == want {
			right++
			continue
		}
		t.Logf("%-12s %v, want %s first: %s", r.name(), got, want, r.Title)
		if !slices.Contains(got, want) {
			t.Errorf("%s is not under %s at all: %s", r.name(), want, r.Title)
		}
	}
	t.Logf("first topic right: %d of %d", right, len(all))
	if right*100 < leastRight*len(all) {
		t.Errorf("first topic right for %d of %d, want %d %%", right, len(all), leastRight)
	}
}

// checkCopies holds that exactly the copies are found.
func checkCopies(t *testing.T, all []readArticle) {
	found := 0
	for i, a := range all {
		for _, b := range all[i+1:] {
			isCopy := a.written.Copy == b.name() || b.written.Copy == a.name()
			same := curate.SameStory(a.Article, b.Article)
			if same != isCopy {
				t.Errorf("%s and %s: one story is %v, want %v", a.name(), b.name(), same, isCopy)
			}
			if same {
				found++
			}
		}
	}
	t.Logf("copies found: %d", found)
	if found < 3 {
		t.Errorf("%d copies, want 3 at least", found)
	}
}

// TestBulletinsNeverEnd holds that the province can publish for ever, and that no
// two issues are one story.
func TestBulletinsNeverEnd(t *testing.T) {
	prov, _, stop := startProvince()
	defer stop()
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	for i := range 200 {
		if _, _, err := prov.Publish(now.Add(time.Duration(i) * 20 * time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	for department, articles := range prov.Articles() {
		titles := make(map[string]bool)
		for _, a := range articles {
			if titles[a.Title] {
				t.Errorf("%s: %q is there twice", department, a.Title)
			}
			titles[a.Title] = true
		}
	}
}
