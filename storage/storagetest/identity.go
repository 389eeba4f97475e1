package storagetest

import (
	"testing"
	"time"

	"gomtin/feeds"
	"gomtin/storage"
)

// What is one article, and what is one story.

func sameGUID(t *testing.T, s *suite) {
	s.apply("syt")
	s.commit("syt", article(1))
	b := article(1)
	b.Link = "http://x.example/tin-1-moi.html"
	if tally := s.commit("syt", b); tally != (feeds.Tally{Corrected: 1}) {
		t.Errorf("tally %+v, want one corrected", tally)
	}
	c := article(1)
	c.GUID, c.Link = "", b.Link // and a list that knows no guid
	if tally := s.commit("syt", c); tally != (feeds.Tally{}) {
		t.Errorf("tally %+v of the same link, want nothing", tally)
	}
}

func foreignGUID(t *testing.T, s *suite) {
	s.apply("syt", "snnmt")
	s.commit("syt", article(1))
	b := article(1)
	b.Title, b.Content, b.Link, b.Fingerprint = "Tin khác", "<p>Khác</p>", "http://y.example/1", feeds.Fingerprint{99, 98, 97}
	if tally := s.commit("snnmt", b); tally != (feeds.Tally{New: 1}) {
		t.Errorf("tally %+v, want one new", tally)
	}
	if got := s.only(storage.Scope{Department: "syt"}).Lead; got.Title != "Tin số 1" || got.Revision != 1 {
		t.Errorf("syt's article became %q, revision %d", got.Title, got.Revision)
	}
}

func twoSources(t *testing.T, s *suite) {
	c := catalogue("syt")
	second := c.Sources[0]
	second.Kind, second.URL = feeds.KindList, "http://syt.example/tin"
	c.Sources = append(c.Sources, second)
	if _, err := s.Apply(s.ctx, c); err != nil {
		t.Fatal(err)
	}
	lead, whole := article(1), article(1)
	lead.Content, lead.GUID, lead.Listed = "<p>Tóm tắt</p>", "", "x"
	whole.Content, whole.GUID, whole.Listed = "<p>Tóm tắt, và toàn văn của bài viết dài hơn nhiều</p>", "", "y"
	bring := func(kind feeds.SourceKind, a feeds.Article) feeds.Tally {
		t.Helper()
		s.now = s.now.Add(time.Minute)
		if err := s.MakeDue(s.ctx); err != nil {
			t.Fatal(err)
		}
		jobs, err := s.Claim(s.ctx, s.now, 2, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		var tally feeds.Tally
		for _, j := range jobs {
			if j.Source.Kind != kind {
				if err := s.Release(s.ctx, j); err != nil {
					t.Fatal(err)
				}
				continue
			}
			a.Department, a.Source = "syt", j.Source.ID
			a.SetIdentity(false)
			if tally, err = s.Commit(s.ctx, j, feeds.Outcome{At: s.now, Articles: []feeds.Article{a}}); err != nil {
				t.Fatal(err)
			}
			if left, err := s.Unread(s.ctx, j.Source, []feeds.Article{a}); err != nil || len(left) != 0 {
				t.Errorf("%d unread for the %s that just brought it, %v", len(left), kind, err)
			}
		}
		return tally
	}
	for i, tt := range []struct {
		kind feeds.SourceKind
		a    feeds.Article
		want feeds.Tally
	}{
		{feeds.KindFeed, lead, feeds.Tally{New: 1}},
		{feeds.KindList, whole, feeds.Tally{}}, // the whole text takes over, and corrects nothing
		{feeds.KindFeed, lead, feeds.Tally{}},
		{feeds.KindList, whole, feeds.Tally{}},
	} {
		if got := bring(tt.kind, tt.a); got != tt.want {
			t.Errorf("step %d, the %s: %+v, want %+v", i+1, tt.kind, got, tt.want)
		}
	}
	got := s.only(storage.Scope{}).Lead
	if got.Content != whole.Content || got.Revision != 1 || !got.Updated.Equal(got.Published) {
		t.Errorf("the text is %s in revision %d, updated %v; want the whole text, uncorrected", got.Content, got.Revision, got.Updated)
	}
	c.Sources = c.Sources[:1] // and if the list is given up, the feed corrects
	if _, err := s.Apply(s.ctx, c); err != nil {
		t.Fatal(err)
	}
	lead.Title = "Sửa"
	if got := bring(feeds.KindFeed, lead); got != (feeds.Tally{Corrected: 1}) {
		t.Errorf("the remaining source's correction: %+v", got)
	}
}

func reusedGUID(t *testing.T, s *suite) {
	s.apply("syt")
	s.commit("syt", article(1))
	other := article(1)
	other.Link, other.Title, other.Content, other.Fingerprint = "http://x.example/khac.html", "Việc khác hẳn", "<p>Không giống chút nào</p>", feeds.Fingerprint{77}
	if tally := s.commit("syt", other); tally != (feeds.Tally{New: 1}) {
		t.Errorf("tally %+v, want one new", tally)
	}
	if n := len(s.latest(storage.Scope{})); n != 2 {
		t.Errorf("%d stories, want 2", n)
	}
}

func clockBack(t *testing.T, s *suite) {
	s.apply("syt")
	s.commit("syt", article(1))
	b := article(1)
	b.Title = "Sửa"
	s.commit("syt", b)
	before := s.only(storage.Scope{}).Lead.Updated
	s.now = s.now.Add(-time.Hour)
	b.Title = "Sửa lần nữa"
	s.commit("syt", b)
	if after := s.only(storage.Scope{}).Lead; after.Updated.Before(before) || after.Title != b.Title {
		t.Errorf("updated went from %v to %v (%s)", before, after.Updated, after.Title)
	}
}

func copies(t *testing.T, s *suite) {
	s.apply("syt", "snnmt")
	s.commit("syt", article(1))
	id := s.only(storage.Scope{}).Lead.ID
	b := article(1)
	b.Link, b.Published = "http://y.example/1", b.Published.Add(time.Hour)
	if tally := s.commit("snnmt", b); tally != (feeds.Tally{New: 1, Merged: 1}) {
		t.Errorf("tally %+v, want one new, merged", tally)
	}
	story := s.only(storage.Scope{})
	if story.Lead.ID != id || len(story.Others) != 1 || story.Others[0].Department != "snnmt" {
		t.Errorf("lead %s and %d others, want %s and snnmt's copy", story.Lead.ID, len(story.Others), id)
	}
	if !story.Lead.Updated.Equal(story.Lead.Published) {
		t.Errorf("the copy moved updated to %v", story.Lead.Updated)
	}
	if got := s.only(storage.Scope{Department: "snnmt"}); got.ID != story.ID {
		t.Errorf("snnmt shows story %d, want %d", got.ID, story.ID)
	}
	far := article(1)
	far.Link, far.GUID, far.Published = "http://y.example/2", "other", noon.AddDate(0, 0, -30)
	if tally := s.commit("snnmt", far); tally != (feeds.Tally{New: 1}) {
		t.Errorf("tally %+v of a copy outside the window, want one new", tally)
	}
}

func earlierLeads(t *testing.T, s *suite) {
	s.apply("syt", "snnmt", "stc")
	late := article(1)
	s.commit("syt", late)
	early := article(1)
	early.Published, early.Link = late.Published.Add(-time.Hour), "http://y.example/1"
	s.commit("snnmt", early)
	if got := s.only(storage.Scope{}).Lead.Department; got != "snnmt" {
		t.Errorf("%s leads, want snnmt, which published first", got)
	}
	forged := article(2) // snnmt is known by now: an early date gives it no lead
	s.commit("syt", forged)
	forged.Published, forged.Link = forged.Published.Add(-time.Hour), "http://y.example/2"
	s.commit("snnmt", forged)
	for _, st := range s.latest(storage.Scope{}) {
		if st.Lead.Title == "Tin số 2" && st.Lead.Department != "syt" {
			t.Errorf("%s leads %q, want syt still", st.Lead.Department, st.Lead.Title)
		}
	}
	s.now = s.now.Add(2 * time.Hour)
	earlier := article(1)
	earlier.Published, earlier.Link = late.Published.Add(-2*time.Hour), "http://z.example/1"
	s.commit("stc", earlier)
	for _, st := range s.latest(storage.Scope{Topic: "y-te"}) {
		if st.Lead.Department == "stc" {
			t.Errorf("stc leads %q, which had settled", st.Lead.Title)
		}
	}
}
