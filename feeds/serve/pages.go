package serve

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gomtin/feeds"
	"gomtin/feeds/publish"
	"gomtin/storage"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// A view is what a page's template sees.
type view struct {
	Site     feeds.Site
	Title    string
	Intro    string
	Path     string // of the page's feed without its ending; "" for none
	Zone     *time.Location
	Topics   []topicCard
	Stories  []feeds.Story
	Story    feeds.Story
	All      []feeds.Department
	names    map[feeds.DepartmentID]feeds.Department
	labels   map[feeds.TopicID]feeds.Topic
	HomePage bool
}

// A topicCard is one topic on the home page.
type topicCard struct {
	feeds.Topic
	Latest []feeds.Story
}

var pages = func() map[string]*template.Template {
	all := make(map[string]*template.Template)
	for _, name := range []string{"home", "list", "article", "message"} {
		all[name] = template.Must(template.ParseFS(templateFiles, "templates/layout.html", "templates/"+name+".html"))
	}
	return all
}()

func newView(c *Catalogue, title string) view {
	zone, err := time.LoadLocation(c.Site.Timezone)
	if err != nil || c.Site.Timezone == "" {
		zone = time.FixedZone("", 7*60*60)
	}
	return view{Site: c.Site, Title: title, Zone: zone, All: c.Departments, names: c.departments(), labels: c.topics()}
}

// Department names the department of an article.
func (v view) Department(a feeds.Article) feeds.Department {
	if d, ok := v.names[a.Department]; ok {
		return d
	}
	return feeds.Department{ID: a.Department, Name: string(a.Department)}
}

// Labels are the topics of an article, best first.
func (v view) Labels(a feeds.Article) []feeds.Topic {
	var all []feeds.Topic
	for _, m := range a.Topics {
		if t, ok := v.labels[m.Topic]; ok {
			all = append(all, t)
		}
	}
	return all
}

// Label is the title of a topic.
func (v view) Label(id feeds.TopicID) string {
	if t, ok := v.labels[id]; ok {
		return t.Title
	}
	return string(id)
}

var weekdays = [...]string{"Chủ nhật", "Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy"}

// When writes a time as Vietnamese read it.
func (v view) When(t time.Time) string {
	t = t.In(v.Zone)
	return fmt.Sprintf("%s, %s", weekdays[t.Weekday()], t.Format("02/01/2006 15:04"))
}

// Machine writes a time for <time datetime>.
func (v view) Machine(t time.Time) string { return t.In(v.Zone).Format(time.RFC3339) }

// Markup passes sanitised content on to html/template.
func (v view) Markup(content feeds.SafeHTML) template.HTML { return template.HTML(content) }

// Address makes a path absolute.
func (v view) Address(path string) string { return strings.TrimSuffix(v.Site.URL, "/") + path }

// Mark colours a department's sign: one of six, always the same.
func (v view) Mark(id feeds.DepartmentID) int {
	sum := 0
	for _, r := range string(id) {
		sum += int(r)
	}
	return sum % 6
}

func page(name string, v view, changed time.Time) (*rendered, error) {
	var b bytes.Buffer
	if err := pages[name].ExecuteTemplate(&b, "layout", v); err != nil {
		return nil, fmt.Errorf("page %s: %w", name, err)
	}
	return newRendered("text/html; charset=utf-8", b.Bytes(), changed), nil
}

func (s *Server) home(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, "/", "", func(ctx context.Context) (*rendered, error) {
		c := s.catalogue.Load()
		d, err := s.document(ctx, c, storage.Scope{})
		if err != nil {
			return nil, err
		}
		v := newView(c, c.Site.Title)
		v.HomePage, v.Path, v.Stories = true, "/all", d.Stories[:min(len(d.Stories), 12)]
		for _, t := range c.Topics {
			latest, err := s.store.Latest(ctx, storage.Scope{Topic: t.ID}, 2)
			if err != nil {
				return nil, err
			}
			v.Topics = append(v.Topics, topicCard{t, latest})
		}
		return page("home", v, time.Time{})
	})
}

func (s *Server) listPage(w http.ResponseWriter, r *http.Request, sc storage.Scope) {
	s.answer(w, r, path(sc), path(sc), func(ctx context.Context) (*rendered, error) {
		c := s.catalogue.Load()
		d, err := s.document(ctx, c, sc)
		if err != nil {
			return nil, err
		}
		title, _, _ := strings.Cut(d.Title, " – ")
		v := newView(c, title)
		v.Intro, v.Path, v.Stories = d.Description, d.Path, d.Stories
		return page("list", v, time.Time{})
	})
}

func (s *Server) article(w http.ResponseWriter, r *http.Request) {
	id := feeds.ArticleID(r.PathValue("id"))
	if !id.Valid() {
		s.notFound(w, r)
		return
	}
	story, err := s.store.Story(r.Context(), id)
	if err != nil {
		if errors.Is(err, storage.ErrNotFound) {
			s.notFound(w, r)
			return
		}
		s.broken(w, r, err)
		return
	}
	if story.Lead.ID != id { // another department's copy: one story has one page
		http.Redirect(w, r, "/articles/"+string(story.Lead.ID), http.StatusFound)
		return
	}
	v := newView(s.catalogue.Load(), story.Lead.Title)
	v.Story, v.Intro = story, story.Lead.Summary
	doc, err := page("article", v, story.Changed)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	doc.serve(w, r)
}

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	if trimmed := strings.TrimRight(r.URL.Path, "/"); trimmed != r.URL.Path && strings.HasPrefix(trimmed, "/") && !strings.HasPrefix(trimmed, "//") && !strings.HasPrefix(trimmed, "/static") {
		http.Redirect(w, r, (&url.URL{Path: trimmed}).EscapedPath(), http.StatusMovedPermanently)
		return
	}
	s.message(w, http.StatusNotFound, "Không tìm thấy trang này", "Địa chỉ có thể đã gõ nhầm, hoặc tin đã được gỡ.")
}

// message answers with a page that says one thing.
func (s *Server) message(w http.ResponseWriter, status int, title, text string) {
	v := newView(s.catalogue.Load(), title)
	v.Intro = text
	doc, err := page("message", v, time.Time{})
	if err != nil {
		plainText(w, status, title)
		return
	}
	w.Header().Set("Content-Type", doc.mediaType)
	w.Header().Set("Cache-Control", "no-cache")
	w.WriteHeader(status)
	w.Write(doc.body)
}

// static serves the style sheet and icon.
func static() http.Handler {
	files, err := fs.Sub(staticFiles, "static")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	serve := http.StripPrefix("/static/", http.FileServerFS(files))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/") {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=3600")
		serve.ServeHTTP(w, r)
	})
}

// A feedLink is one format that a list is offered in.
type feedLink struct {
	Name   string
	Ending string
	Type   template.HTMLAttr // plain: html/template writes "+" as a reference, which simple autodiscovery can't read
}

// Formats are the feeds that every list offers.
func (v view) Formats() []feedLink {
	var all []feedLink
	for _, f := range publish.Formats {
		all = append(all, feedLink{f.Name, f.Ending, template.HTMLAttr(`type="` + f.MediaType + `"`)})
	}
	return all
}

// Language is the page's.
func (v view) Language() string {
	if v.Site.Language != "" {
		return v.Site.Language
	}
	return "vi"
}
