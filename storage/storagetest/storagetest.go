// Package storagetest is the suite that every engine passes. It is used by tests
// only. Start at [Run].
package storagetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gomtin/feeds"
	"gomtin/storage"
)

// noon is when the tests happen.
var noon = time.Date(2026, 11, 20, 5, 0, 0, 0, time.UTC)

// Options are those under which the suite wants its databases opened: two
// articles of one title tell one story.
var Options = storage.Options{
	SameStory:   func(a, b feeds.Article) bool { return a.Title == b.Title },
	SameArticle: func(a, b feeds.Article) bool { return a.Title == b.Title },
}

// Run runs the suite. open returns an empty database each time; it is closed by
// the suite.
func Run(t *testing.T, open func(t *testing.T) *storage.DB) {
	tests := []struct {
		name string
		f    func(*testing.T, *suite)
	}{
		{"applying a catalogue twice changes nothing", applyTwice},
		{"a source that the catalogue drops is not polled", dropSource},
		{"a claimed source can't be claimed again until its lease ends", claim},
		{"leases are counted", leased},
		{"a late writer is fenced off and writes nothing", fence},
		{"a released source can be claimed at once", release},
		{"a new article founds a story under its topics", founds},
		{"the same article again changes nothing", again},
		{"a correction keeps the id and published, and moves updated", correction},
		{"a correction under a new link is known by its guid", sameGUID},
		{"another department's guid changes nothing", foreignGUID},
		{"a guid that is given to another article makes a new one", reusedGUID},
		{"two sources of a department do not correct each other", twoSources},
		{"updated never goes back, even if the clock does", clockBack},
		{"a copy of another department joins the story", copies},
		{"an earlier copy leads while the story settles", earlierLeads},
		{"nothing is in the future", future},
		{"the newest stories come first, in one order", latest},
		{"only articles that are new or listed otherwise are unread", unread},
		{"a page is read again after growing pauses", readAgain},
		{"changes come in order without gaps", changes},
		{"a subscription is due when it asks and when its feed changes", subscription},
		{"a subscription that is not confirmed is forgotten", denied},
		{"many workers share the sources without doubling one", workers},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			db := open(t)
			t.Cleanup(func() {
				if err := db.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			})
			tt.f(t, &suite{t: t, DB: db, ctx: t.Context(), now: noon})
		})
	}
}

// A suite is one database under test, with a clock that moves by hand.
type suite struct {
	t *testing.T
	*storage.DB
	ctx context.Context
	now time.Time
}

func (s *suite) apply(departments ...feeds.DepartmentID) {
	s.t.Helper()
	if _, err := s.Apply(s.ctx, catalogue(departments...)); err != nil {
		s.t.Fatal(err)
	}
}

// catalogue has one source for each department.
func catalogue(departments ...feeds.DepartmentID) storage.Catalogue {
	c := storage.Catalogue{Site: feeds.Site{Title: "Tin", URL: "http://tin.example", Tag: "tin.example,2026"}, Topics: []byte(`{}`)}
	for _, id := range departments {
		d := feeds.Department{ID: id, Name: "Sở " + string(id), Home: "http://" + string(id) + ".example", Topics: []feeds.TopicID{"y-te"}}
		c.Departments = append(c.Departments, d)
		c.Sources = append(c.Sources, feeds.Source{Department: d, Kind: feeds.KindFeed, URL: d.Home + "/rss", FullText: true})
	}
	return c
}

// claim claims all due sources and returns the job of one department.
func (s *suite) claim(d feeds.DepartmentID) feeds.Job {
	s.t.Helper()
	if err := s.MakeDue(s.ctx); err != nil {
		s.t.Fatal(err)
	}
	jobs, err := s.Claim(s.ctx, s.now, 100, time.Minute)
	if err != nil {
		s.t.Fatal(err)
	}
	var found *feeds.Job
	for _, j := range jobs {
		if j.Source.Department.ID == d {
			found = &j
		} else if err := s.Release(s.ctx, j); err != nil {
			s.t.Fatal(err)
		}
	}
	if found == nil {
		s.t.Fatalf("no source of %s among %d claimed", d, len(jobs))
	}
	return *found
}

// commit polls a department's source and brings articles.
func (s *suite) commit(d feeds.DepartmentID, articles ...feeds.Article) feeds.Tally {
	s.t.Helper()
	s.now = s.now.Add(time.Minute)
	job := s.claim(d)
	for i := range articles {
		articles[i].Department, articles[i].Source = d, job.Source.ID
		articles[i].SetIdentity(false)
	}
	tally, err := s.Commit(s.ctx, job, feeds.Outcome{At: s.now, Articles: articles, Next: s.now.Add(time.Hour)})
	if err != nil {
		s.t.Fatal(err)
	}
	return tally
}

func (s *suite) latest(scope storage.Scope) []feeds.Story {
	s.t.Helper()
	stories, err := s.Latest(s.ctx, scope, 100)
	if err != nil {
		s.t.Fatal(err)
	}
	return stories
}

// only returns the single story of a scope.
func (s *suite) only(scope storage.Scope) feeds.Story {
	s.t.Helper()
	stories := s.latest(scope)
	if len(stories) != 1 {
		s.t.Fatalf("%d stories under %+v, want 1", len(stories), scope)
	}
	return stories[0]
}

func article(n int) feeds.Article {
	return feeds.Article{
		GUID: fmt.Sprintf("news_%d", n), Link: fmt.Sprintf("http://x.example/tin-%d.html", n),
		Title: fmt.Sprintf("Tin số %d", n), Content: feeds.SafeHTML(fmt.Sprintf("<p>Nội dung %d</p>", n)), Summary: "Tóm tắt", Author: "An",
		Published: noon.Add(time.Duration(-n) * time.Hour), Fingerprint: feeds.Fingerprint{uint32(n)},
		Image: feeds.Image{URL: "http://x.example/a.jpg", Width: 600}, Enclosures: []feeds.Enclosure{{URL: "http://x.example/a.pdf", Type: "application/pdf"}},
		Categories: []string{"Tin"}, Numbers: []string{"1/QĐ-UBND"}, Topics: []feeds.Match{{Topic: "y-te", Score: 9, Why: []string{"tiêu đề"}}},
	}
}

func applyTwice(t *testing.T, s *suite) {
	c := catalogue("syt", "snnmt")
	first, err := s.Apply(s.ctx, c)
	if want := (storage.Applied{Departments: 2, Sources: 2, Settings: 2}); err != nil || first != want {
		t.Errorf("first Apply = %+v, %v; want %+v", first, err, want)
	}
	if second, err := s.Apply(s.ctx, c); err != nil || second != (storage.Applied{}) {
		t.Errorf("second Apply = %+v, %v; want no change", second, err)
	}
	if n, err := s.CatalogueVersion(s.ctx); err != nil || n != 1 {
		t.Errorf("catalogue version %d, %v; want 1", n, err)
	}
	got, err := s.Catalogue(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, got, cmpopts.IgnoreFields(feeds.Source{}, "ID"), cmpopts.IgnoreFields(storage.Catalogue{}, "Addresses")); diff != "" {
		t.Errorf("the catalogue came back changed (-want +got):\n%s", diff)
	}
}

func dropSource(t *testing.T, s *suite) {
	s.apply("syt", "snnmt")
	s.apply("syt")
	jobs, err := s.Claim(s.ctx, s.now, 10, time.Minute)
	if err != nil || len(jobs) != 1 || jobs[0].Source.Department.ID != "syt" {
		t.Errorf("claimed %d jobs, %v; want syt's only", len(jobs), err)
	}
	c, err := s.Catalogue(s.ctx)
	if err != nil || len(c.Departments) != 1 || len(c.Sources) != 1 || len(c.Former) != 1 || c.Former[0].Name != "Sở snnmt" || len(c.Addresses) != 2 {
		t.Errorf("the catalogue is %+v, %v; want syt, and snnmt as a former one", c, err)
	}
	s.apply("syt", "snnmt")
	if all, err := s.Sources(s.ctx); err != nil || len(all) != 2 {
		t.Errorf("%d sources, %v after it came back; want 2", len(all), err)
	}
}

func claim(t *testing.T, s *suite) {
	s.apply("syt")
	for i, tt := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {59 * time.Second, 0}, {time.Minute, 1}} {
		jobs, err := s.Claim(s.ctx, noon.Add(tt.after), 10, time.Minute)
		if err != nil || len(jobs) != tt.want {
			t.Errorf("claim %d after %v: %d jobs, %v; want %d", i, tt.after, len(jobs), err, tt.want)
		}
		for _, j := range jobs {
			if !j.Source.FullText || j.Source.Department.Name != "Sở syt" {
				t.Errorf("the claimed source lacks what the catalogue says: %+v", j.Source)
			}
		}
	}
}

func leased(t *testing.T, s *suite) {
	s.apply("syt", "snnmt")
	s.claim("syt")
	if n, until, err := s.Leased(s.ctx, s.now); err != nil || n != 1 || !until.Equal(s.now.Add(time.Minute)) {
		t.Errorf("%d leased until %v, %v; want 1 until %v", n, until, err, s.now.Add(time.Minute))
	}
	if n, _, err := s.Leased(s.ctx, s.now.Add(time.Minute)); err != nil || n != 0 {
		t.Errorf("%d leased when the lease is over, %v", n, err)
	}
}

func fence(t *testing.T, s *suite) {
	s.apply("syt")
	slow := s.claim("syt")
	s.now = s.now.Add(2 * time.Minute)
	quick := s.claim("syt")
	out := feeds.Outcome{At: s.now, Articles: []feeds.Article{article(1)}, Next: s.now.Add(time.Hour)}
	if _, err := s.Commit(s.ctx, slow, out); !errors.Is(err, feeds.ErrLeaseLost) {
		t.Errorf("the late writer got %v, want ErrLeaseLost", err)
	}
	if n := len(s.latest(storage.Scope{})); n != 0 {
		t.Errorf("the late writer stored %d stories", n)
	}
	if _, err := s.Commit(s.ctx, quick, out); err != nil {
		t.Errorf("the holder of the lease got %v", err)
	}
}

func release(t *testing.T, s *suite) {
	s.apply("syt")
	job := s.claim("syt")
	if err := s.Release(s.ctx, job); err != nil {
		t.Fatal(err)
	}
	if again := s.claim("syt"); again.Lease.Generation <= job.Lease.Generation {
		t.Errorf("generation %d after %d, want a higher one", again.Lease.Generation, job.Lease.Generation)
	}
}

func founds(t *testing.T, s *suite) {
	s.apply("syt")
	a := article(1)
	if tally := s.commit("syt", a); tally != (feeds.Tally{New: 1}) {
		t.Errorf("tally %+v, want one new", tally)
	}
	story := s.only(storage.Scope{Topic: "y-te"})
	want := a
	want.ID, want.Department, want.Source = feeds.NewArticleID("syt", "link:x.example/tin-1.html"), "syt", story.Lead.Source
	want.FirstSeen, want.Updated, want.Revision = s.now, a.Published, 1
	want.Fingerprint = feeds.Fingerprint{} // only its bands are kept
	if diff := cmp.Diff(want, story.Lead); diff != "" {
		t.Errorf("stored otherwise (-want +got):\n%s", diff)
	}
	if story.Change != 1 || !story.Changed.Equal(s.now) {
		t.Errorf("change %d at %v, want 1 at %v", story.Change, story.Changed, s.now)
	}
	s.only(storage.Scope{Department: "syt"})
	s.only(storage.Scope{})
	if got, err := s.Story(s.ctx, want.ID); err != nil || got.ID != story.ID {
		t.Errorf("Story(%s) = %d, %v", want.ID, got.ID, err)
	}
	if _, err := s.Story(s.ctx, "00000000000000000000"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("an unknown article gives %v, want ErrNotFound", err)
	}
}

func again(t *testing.T, s *suite) {
	s.apply("syt")
	s.commit("syt", article(1))
	b := article(1)
	b.Content = "<div><p>Nội  dung\n1</p></div>" // other markup, same text
	b.Image.URL = "http://x.example/rotated.jpg"
	if tally := s.commit("syt", b); tally != (feeds.Tally{}) {
		t.Errorf("tally %+v, want nothing", tally)
	}
	if last, err := s.LastChange(s.ctx); err != nil || last != 1 {
		t.Errorf("last change %d, %v; want 1", last, err)
	}
}

func correction(t *testing.T, s *suite) {
	s.apply("syt")
	s.commit("syt", article(1))
	before := s.only(storage.Scope{}).Lead
	b := article(1)
	b.Title, b.Published = "Tin số 1 (đính chính)", b.Published.Add(30*time.Minute)
	if tally := s.commit("syt", b); tally != (feeds.Tally{Corrected: 1}) {
		t.Errorf("tally %+v, want one corrected", tally)
	}
	after := s.only(storage.Scope{Topic: "y-te"}).Lead
	if after.ID != before.ID || !after.Published.Equal(before.Published) || after.Title != b.Title {
		t.Errorf("id %s published %v title %q; want the old id and time, the new title", after.ID, after.Published, after.Title)
	}
	if !after.Updated.Equal(s.now) || after.Revision != 2 {
		t.Errorf("updated %v revision %d, want %v and 2", after.Updated, after.Revision, s.now)
	}
}

func future(t *testing.T, s *suite) {
	s.apply("syt")
	a, b := article(1), article(2)
	a.Published, a.Updated = noon.AddDate(1, 0, 0), noon.AddDate(2, 0, 0)
	b.Published = time.Time{}
	s.commit("syt", a, b)
	for _, st := range s.latest(storage.Scope{}) {
		if l := st.Lead; !l.Published.Equal(s.now) || !l.Updated.Equal(s.now) {
			t.Errorf("%s: published %v, updated %v; want when it was first seen, %v", l.Title, l.Published, l.Updated, s.now)
		}
	}
}

func latest(t *testing.T, s *suite) {
	s.apply("syt")
	var all []feeds.Article
	for _, n := range []int{3, 1, 2, 4} {
		all = append(all, article(n))
	}
	all[3].Published = all[0].Published // 4 and 3 at one time
	all[0].Fingerprint, all[3].Fingerprint = feeds.Fingerprint{}, feeds.Fingerprint{}
	s.commit("syt", all...)
	for range 2 {
		got := s.latest(storage.Scope{Topic: "y-te"})
		if len(got) != 4 || got[0].Lead.Title != "Tin số 1" || got[1].Lead.Title != "Tin số 2" || got[2].Lead.ID > got[3].Lead.ID {
			t.Errorf("wrong order of %d stories", len(got))
		}
	}
	if two, err := s.Latest(s.ctx, storage.Scope{}, 2); err != nil || len(two) != 2 {
		t.Errorf("%d stories, %v; want 2", len(two), err)
	}
	if c, err := s.Counts(s.ctx); err != nil || c != (storage.Counts{Articles: 4, Stories: 4, Topics: 1, Departments: 1}) {
		t.Errorf("counts %+v, %v", c, err)
	}
}

func unread(t *testing.T, s *suite) {
	s.apply("syt")
	a, b := article(1), article(2)
	a.Listed, b.Listed = "x", "y"
	s.commit("syt", a, b)
	src := s.claim("syt").Source
	b.Listed = "z"
	got, err := s.Unread(s.ctx, src, []feeds.Article{a, b, article(3)})
	if err != nil || len(got) != 2 || got[0].Title != "Tin số 2" || got[1].Title != "Tin số 3" {
		t.Errorf("%d unread, %v; want 2 and 3", len(got), err)
	}
}

func readAgain(t *testing.T, s *suite) {
	s.apply("syt")
	a, old := article(1), article(2)
	a.Listed, old.Listed, old.Published = "x", "y", noon.AddDate(0, 0, -40)
	s.commit("syt", a, old)
	src := s.claim("syt").Source
	due := func(after time.Duration) []feeds.Article {
		t.Helper()
		got, err := s.ReadAgain(s.ctx, src, s.now.Add(after), 10)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := due(59 * time.Minute); len(got) != 0 {
		t.Errorf("%d pages are due within the hour", len(got))
	}
	got := due(time.Hour)
	if len(got) != 1 || got[0].Title != "Tin số 1" || got[0].Listed != "x" || got[0].Content != a.Content {
		t.Fatalf("%d pages are due after an hour, %+v; want the new article's only", len(got), got)
	}
	s.now = s.now.Add(24 * time.Hour)
	s.commit("syt", got[0]) // as it was
	if got := due(6 * time.Hour); len(got) != 0 {
		t.Errorf("%d pages are due six hours after a day: the pauses do not grow", len(got))
	}
	if got := due(7 * time.Hour); len(got) != 1 {
		t.Errorf("%d pages are due seven hours after a day, want 1", len(got))
	}
}

func changes(t *testing.T, s *suite) {
	s.apply("syt", "snnmt")
	s.commit("syt", article(1), article(2))
	b := article(2)
	b.Title = "Tin số 2, sửa"
	s.commit("syt", b)
	c := article(1)
	c.Link = "http://y.example/1"
	s.commit("snnmt", c)
	got, err := s.Changes(s.ctx, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	kinds := []feeds.ChangeKind{feeds.ChangeNew, feeds.ChangeNew, feeds.ChangeCorrected, feeds.ChangeMerged}
	if len(got) != len(kinds) {
		t.Fatalf("%d changes, want %d", len(got), len(kinds))
	}
	for i, c := range got {
		if c.ID != feeds.ChangeID(i+1) || c.Kind != kinds[i] || len(c.Topics) != 1 {
			t.Errorf("change %d is %+v, want number %d, %s", i, c, i+1, kinds[i])
		}
	}
	if n := len(got[3].Departments); n != 2 {
		t.Errorf("the merge names %d departments, want 2", n)
	}
	if rest, err := s.Changes(s.ctx, 3, 100); err != nil || len(rest) != 1 || rest[0].ID != 4 {
		t.Errorf("after 3: %d changes, %v; want change 4", len(rest), err)
	}
}

func workers(t *testing.T, s *suite) {
	var names []feeds.DepartmentID
	for i := range 40 {
		names = append(names, feeds.DepartmentID(fmt.Sprintf("d%d", i)))
	}
	s.apply(names...)
	claimed := make(chan feeds.SourceID, 1000)
	done := make(chan error)
	for range 4 {
		go func() {
			for {
				jobs, err := s.Claim(s.ctx, s.now, 3, time.Minute)
				if err != nil || len(jobs) == 0 {
					done <- err
					return
				}
				for _, j := range jobs {
					claimed <- j.Source.ID
				}
			}
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	close(claimed)
	seen := make(map[feeds.SourceID]bool)
	for id := range claimed {
		if seen[id] {
			t.Errorf("source %d was claimed twice", id)
		}
		seen[id] = true
	}
	if len(seen) != len(names) {
		t.Errorf("%d sources claimed, want %d", len(seen), len(names))
	}
}
