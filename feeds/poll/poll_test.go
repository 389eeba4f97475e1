package poll_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gomtin/feeds"
	"gomtin/feeds/curate"
	"gomtin/feeds/poll"
	"gomtin/storage"
	"gomtin/storage/sqlite"
)

// A web is a Fetcher whose pages are written by hand: an answer, or a fault. It
// tells what was asked for.
type web struct {
	mu    sync.Mutex
	pages map[string]string
	fault map[string]feeds.Fault
	asked []string
	hold  func(ctx context.Context, url string)
}

func (w *web) Fetch(ctx context.Context, r feeds.Request) (*feeds.Page, error) {
	if w.hold != nil {
		w.hold(ctx, r.URL)
	}
	if err := context.Cause(ctx); err != nil {
		return nil, &feeds.Error{Op: "fetch", URL: r.URL, Fault: feeds.Transient, Err: err}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, r.URL)
	if f, ok := w.fault[r.URL]; ok {
		return nil, &feeds.Error{Op: "fetch", URL: r.URL, Fault: f, Err: errors.New("it is so")}
	}
	etag := fmt.Sprintf("%q", fmt.Sprint(len(w.pages[r.URL])))
	if r.Validators.ETag == etag {
		return &feeds.Page{URL: r.URL, NotModified: true, Validators: r.Validators}, nil
	}
	return &feeds.Page{URL: r.URL, Body: []byte(w.pages[r.URL]), Validators: feeds.Validators{ETag: etag}, FetchedAt: time.Now()}, nil
}

func (w *web) set(url, page string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pages[url] = page
}

func (w *web) times(url string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, u := range w.asked {
		if u == url {
			n++
		}
	}
	return n
}

const (
	list = "http://cong.example/tin"
	feed = "http://syt.example/rss"
)

func page(n int, text string) string {
	return fmt.Sprintf(`<html><head><meta property="og:type" content="article"></head><body><div class="a"><h1>Tin số %d của cổng</h1><div class="b"><p>%s</p></div></div></body></html>`, n, text)
}

func listing(ns ...int) string {
	var b strings.Builder
	b.WriteString("<html><body>")
	for _, n := range ns {
		fmt.Fprintf(&b, `<div class="x"><a href="/tin/%d">Tin số %d của cổng</a> <i>%02d/11/2026</i></div>`, n, n, n%28+1)
	}
	return b.String() + "</body></html>"
}

func rss(ns ...int) string {
	var b strings.Builder
	b.WriteString(`<rss version="2.0"><channel><title>Tin</title>`)
	for _, n := range ns {
		fmt.Fprintf(&b, `<item><title>Bệnh viện số %d</title><link>http://syt.example/%d</link><pubDate>%02d/11/2026 08:05</pubDate></item>`, n, n, n)
	}
	return b.String() + "</channel></rss>"
}

// newRunner is a runner over a real database with one listing and one feed.
func newRunner(t *testing.T) (*poll.Runner, *web, *storage.DB, *[]poll.Report) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "t.db"), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	cong, syt := feeds.Department{ID: "cong", Name: "Cổng"}, feeds.Department{ID: "syt", Name: "Sở Y tế", Topics: []feeds.TopicID{"y-te"}}
	_, err = db.Apply(t.Context(), storage.Catalogue{
		Departments: []feeds.Department{cong, syt}, Topics: []byte("{}"),
		Sources: []feeds.Source{
			{Department: cong, Kind: feeds.KindList, URL: list, Recipe: feeds.Recipe{Item: ".x", Link: "a", Date: "i", Title: "h1", Body: ".b"}},
			{Department: syt, Kind: feeds.KindFeed, URL: feed},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := &web{pages: map[string]string{list: listing(1, 2), feed: rss(1, 2)}, fault: make(map[string]feeds.Fault)}
	for n := range 100 {
		w.pages[fmt.Sprintf("http://cong.example/tin/%d", n)] = page(n, "UBND tỉnh họp.")
	}
	classifier := curate.NewClassifier(curate.BuiltIn())
	var mu sync.Mutex
	var reports []poll.Report
	return &poll.Runner{
		Store: db, Fetcher: w, Topics: func() *curate.Classifier { return classifier },
		Done: func(r poll.Report) { mu.Lock(); defer mu.Unlock(); reports = append(reports, r) },
	}, w, db, &reports
}

// round makes everything due, polls it and returns the reports by department.
func round(t *testing.T, r *poll.Runner, db *storage.DB, reports *[]poll.Report) map[feeds.DepartmentID]poll.Report {
	t.Helper()
	*reports = nil
	if err := db.MakeDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	by := make(map[feeds.DepartmentID]poll.Report)
	for _, report := range *reports {
		by[report.Source.Department.ID] = report
	}
	return by
}

func TestRound(t *testing.T) {
	r, w, db, reports := newRunner(t)
	first := round(t, r, db, reports)
	if first["cong"].Tally.New != 2 || first["syt"].Tally.New != 2 {
		t.Fatalf("first round: %+v", first)
	}
	stories, err := db.Latest(t.Context(), storage.Scope{Department: "cong"}, 10)
	if err != nil || len(stories) != 2 || stories[0].Lead.Content.Text() != "UBND tỉnh họp." || len(stories[0].Lead.Topics) == 0 {
		t.Errorf("%d stories of the listing, %v; want the text of their pages, and topics", len(stories), err)
	}
	second := round(t, r, db, reports)
	if !second["cong"].NotModified || !second["syt"].NotModified {
		t.Errorf("second round was not answered by 304: %+v", second)
	}
	w.set(list, listing(3, 1, 2))
	third := round(t, r, db, reports)
	if third["cong"].Tally.New != 1 || w.times("http://cong.example/tin/1") != 1 || w.times("http://cong.example/tin/3") != 1 {
		t.Errorf("a new line brought %d articles and fetched page 1 %d times; want 1 and 1", third["cong"].Tally.New, w.times("http://cong.example/tin/1"))
	}
}

func TestOneBadSourceDoesNotStopTheOthers(t *testing.T) {
	r, w, db, reports := newRunner(t)
	round(t, r, db, reports)
	w.fault[feed] = feeds.Transient
	w.set(list, listing(3, 2, 1))
	by := round(t, r, db, reports)
	if feeds.FaultOf(by["syt"].Err) != feeds.Transient || by["cong"].Tally.New != 1 {
		t.Errorf("syt: %v; cong: %+v", by["syt"].Err, by["cong"].Tally)
	}
	health, err := db.Sources(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range health {
		if h.Source.URL == feed && (h.Fault != "fetch http://syt.example/rss: it is so" || h.Source.Failures != 1 || h.Articles != 2) {
			t.Errorf("the failed source's row says %q, %d failures, %d articles", h.Fault, h.Source.Failures, h.Articles)
		}
	}
	delete(w.fault, feed)
	if by = round(t, r, db, reports); by["syt"].Err != nil || !by["syt"].NotModified {
		t.Errorf("when it works again: %+v", by["syt"])
	}
	w.set(feed, "<html><title>Bảo trì</title></html>")
	if by = round(t, r, db, reports); feeds.FaultOf(by["syt"].Err) != feeds.Malformed {
		t.Errorf("HTML for a feed is %v, want malformed", by["syt"].Err)
	}
	if stories, err := db.Latest(t.Context(), storage.Scope{Department: "syt"}, 10); err != nil || len(stories) != 2 {
		t.Errorf("%d stories, %v; the last good ones must stay", len(stories), err)
	}
}

func TestArticlePagesThatFail(t *testing.T) {
	r, w, db, reports := newRunner(t)
	w.fault["http://cong.example/tin/1"] = feeds.Transient
	by := round(t, r, db, reports)
	if by["cong"].Tally.New != 1 || by["cong"].Lost == nil || by["cong"].Err != nil {
		t.Errorf("with one page down: %+v", by["cong"])
	}
	delete(w.fault, "http://cong.example/tin/1")
	if by = round(t, r, db, reports); by["cong"].Tally.New != 1 {
		t.Errorf("the page that was down is not read again: %+v", by["cong"])
	}
	w.set(list, listing(5, 4, 1, 2))
	w.fault["http://cong.example/tin/4"] = feeds.Gone
	w.fault["http://cong.example/tin/5"] = feeds.Refused
	by = round(t, r, db, reports)
	stories, err := db.Latest(t.Context(), storage.Scope{Department: "cong"}, 10)
	if err != nil {
		t.Fatal(err)
	}
	var titles []string
	for _, s := range stories {
		titles = append(titles, s.Lead.Title)
	}
	if slices.Contains(titles, "Tin số 4 của cổng") || !slices.Contains(titles, "Tin số 5 của cổng") {
		t.Errorf("stored %q; want not 4, whose page is gone, but 5 as the list has it (%+v)", titles, by["cong"])
	}
}

func TestLongListingIsReadInParts(t *testing.T) {
	r, w, db, reports := newRunner(t)
	var all []int
	for n := 1; n <= 70; n++ {
		all = append(all, n)
	}
	w.set(list, listing(all...))
	total := 0
	for range 3 {
		by := round(t, r, db, reports)
		if n := by["cong"].Tally.New; n > 30 {
			t.Errorf("one poll read %d pages, want 30 at most", n)
		}
		total += by["cong"].Tally.New
	}
	if total != 70 {
		t.Errorf("%d articles after three polls, want 70", total)
	}
}

// A daysLater is a Store whose pages are all due to be read again.
type daysLater struct{ *storage.DB }

func (h daysLater) ReadAgain(ctx context.Context, src feeds.Source, now time.Time, limit int) ([]feeds.Article, error) {
	return h.DB.ReadAgain(ctx, src, now.Add(48*time.Hour), limit)
}

// TestCorrectionOnThePageAlone holds that a text which is corrected on its own page
// is corrected here, though the list, answered by 304, says nothing of it.
func TestCorrectionOnThePageAlone(t *testing.T) {
	r, w, db, reports := newRunner(t)
	w.set(list, strings.ReplaceAll(listing(1), "02/11/2026", time.Now().Format("02/01/2006")))
	round(t, r, db, reports)
	before, err := db.Latest(t.Context(), storage.Scope{Department: "cong"}, 1)
	if err != nil || len(before) != 1 {
		t.Fatalf("%d stories, %v", len(before), err)
	}
	r.Store = daysLater{db}
	if by := round(t, r, db, reports); by["cong"].Tally != (feeds.Tally{}) {
		t.Errorf("an unchanged page read again: %+v", by["cong"].Tally)
	}
	w.set("http://cong.example/tin/1", page(1, "UBND tỉnh họp, có đính chính."))
	by := round(t, r, db, reports)
	after, err := db.Latest(t.Context(), storage.Scope{Department: "cong"}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !by["cong"].NotModified || by["cong"].Tally != (feeds.Tally{Corrected: 1}) || after[0].Lead.ID != before[0].Lead.ID || after[0].Lead.Content.Text() != "UBND tỉnh họp, có đính chính." {
		t.Errorf("a corrected page: %+v, now %q", by["cong"], after[0].Lead.Content.Text())
	}
	w.fault["http://cong.example/tin/1"] = feeds.Gone
	if by := round(t, r, db, reports); by["cong"].Tally != (feeds.Tally{}) {
		t.Errorf("a page that is gone: %+v", by["cong"].Tally)
	}
}

// TestStopReleases holds that a poll that is cut short is no failure of its source,
// and that the source can be claimed again at once.
func TestStopReleases(t *testing.T) {
	r, w, db, _ := newRunner(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.hold = func(ctx context.Context, _ string) { cancel(); <-ctx.Done() }
	if err := r.Round(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Round = %v, want context.Canceled", err)
	}
	health, err := db.Sources(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range health {
		if h.Fault != "" || h.Source.Failures != 0 {
			t.Errorf("%s counts a failure: %s", h.Source.URL, h.Fault)
		}
	}
	jobs, err := db.Claim(t.Context(), time.Now(), 10, time.Minute)
	if err != nil || len(jobs) != 2 {
		t.Errorf("%d sources can be claimed, %v; want both", len(jobs), err)
	}
}

// A diary is a Store without a database that notes when it is asked.
type diary struct {
	mu      sync.Mutex
	next    time.Time
	commits []time.Time
}

func (d *diary) Claim(_ context.Context, now time.Time, _ int, ttl time.Duration) ([]feeds.Job, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Before(d.next) {
		return nil, nil
	}
	d.next = now.Add(ttl)
	return []feeds.Job{{Source: feeds.Source{URL: feed, Kind: feeds.KindFeed}, Lease: feeds.Lease{Generation: 1, Until: now.Add(ttl)}}}, nil
}

func (d *diary) Release(context.Context, feeds.Job) error { return nil }

func (d *diary) NextDue(context.Context) (time.Time, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.next, true, nil
}

func (d *diary) Unread(context.Context, feeds.Source, []feeds.Article) ([]feeds.Article, error) {
	return nil, nil
}

func (d *diary) ReadAgain(context.Context, feeds.Source, time.Time, int) ([]feeds.Article, error) {
	return nil, nil
}

func (d *diary) Commit(_ context.Context, _ feeds.Job, out feeds.Outcome) (feeds.Tally, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.next = out.Next
	d.commits = append(d.commits, out.At)
	return feeds.Tally{}, nil
}

// TestRunKeepsTheSchedule runs a day in a bubble.
func TestRunKeepsTheSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		classifier := curate.NewClassifier(curate.BuiltIn())
		r := &poll.Runner{Store: d, Fetcher: &web{pages: map[string]string{feed: rss(1, 2, 3)}}, Topics: func() *curate.Classifier { return classifier },
			Interval: poll.Interval{Min: time.Hour, Max: time.Hour}}
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		if err := r.Run(ctx); err != nil {
			t.Fatalf("Run = %v, want nil when its time is over", err)
		}
		if n := len(d.commits); n < 24 || n > 27 {
			t.Errorf("%d polls in a day, want one an hour (and up to a tenth more often)", n)
		}
	})
}

// TestRunOutlivesTheDatabase holds that polling waits while the database fails,
// instead of taking the web server down with it.
func TestRunOutlivesTheDatabase(t *testing.T) {
	r, _, db, _ := newRunner(t)
	db.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := r.Run(ctx); err != nil || ctx.Err() == nil {
		t.Errorf("Run = %v before its time was over, want nil at its end", err)
	}
}

// TestFeedItemsWhosePagesFail holds that a feed's items are published as the feed
// has them while their pages can't be read, and that reading them later corrects
// nothing.
func TestFeedItemsWhosePagesFail(t *testing.T) {
	r, w, db, reports := newRunner(t)
	syt := feeds.Department{ID: "syt", Name: "Sở Y tế", Topics: []feeds.TopicID{"y-te"}}
	if _, err := db.Apply(t.Context(), storage.Catalogue{Departments: []feeds.Department{syt}, Topics: []byte("{}"),
		Sources: []feeds.Source{{Department: syt, Kind: feeds.KindFeed, URL: feed, FullText: true}}}); err != nil {
		t.Fatal(err)
	}
	w.set("http://syt.example/1", page(1, strings.Repeat("Bác sĩ khám bệnh cho người dân xã đảo. ", 10)))
	w.fault["http://syt.example/1"], w.fault["http://syt.example/2"] = feeds.Transient, feeds.Gone
	if by := round(t, r, db, reports); by["syt"].Tally.New != 2 || by["syt"].Lost == nil {
		t.Fatalf("with both pages down: %+v", by["syt"])
	}
	delete(w.fault, "http://syt.example/1")
	if by := round(t, r, db, reports); by["syt"].Tally != (feeds.Tally{}) {
		t.Errorf("when a page is back: %+v, want a completed text and no correction", by["syt"].Tally)
	}
	stories, err := db.Latest(t.Context(), storage.Scope{}, 10)
	if err != nil {
		t.Fatal(err)
	}
	whole := 0
	for _, s := range stories {
		if strings.Contains(s.Lead.Content.Text(), "xã đảo") && s.Lead.Revision == 1 {
			whole++
		}
	}
	if len(stories) != 2 || whole != 1 {
		t.Errorf("%d stories, %d with the text of their page in revision 1; want 2 and 1", len(stories), whole)
	}
	if by := round(t, r, db, reports); !by["syt"].NotModified {
		t.Errorf("when all is read the feed is asked for whole again: %+v", by["syt"])
	}
}
