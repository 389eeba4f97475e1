package serve

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"gomtin/feeds"
	"gomtin/feeds/publish"
	"gomtin/storage"
)

// errUnknown means that the catalogue has no such topic or department.
var errUnknown = errors.New("unknown topic or department")

// path returns where a scope's page is; "" for all.
func path(sc storage.Scope) string {
	switch {
	case sc.Topic != "":
		return "/topics/" + string(sc.Topic)
	case sc.Department != "":
		return "/departments/" + string(sc.Department)
	}
	return ""
}

// document collects what a scope's feed and page show.
func (s *Server) document(ctx context.Context, c *Catalogue, sc storage.Scope) (publish.Document, error) {
	d := publish.Document{
		Site: c.Site, Path: path(sc), Page: path(sc),
		Topics: c.topics(), Departments: c.departments(), Sources: c.Sources,
	}
	if s.opts.Hub != nil {
		d.Hub = "/hub"
	}
	switch {
	case sc.Topic != "":
		t, ok := d.Topics[sc.Topic]
		if !ok {
			return d, errUnknown
		}
		d.Title, d.Description = t.Title+" – "+c.Site.Title, t.Description
	case sc.Department != "":
		dep, ok := d.Departments[sc.Department]
		if !ok {
			return d, errUnknown
		}
		d.Title, d.Description = dep.Name+" – "+c.Site.Title, "Tin do "+dep.Name+" đăng."
	default:
		d.Path, d.Page = "/all", "/"
		d.Title, d.Description = c.Site.Title, "Tất cả tin của các sở, ban, ngành."
	}
	if d.Description == "" {
		d.Description = d.Title
	}
	stories, err := s.store.Latest(ctx, sc, publish.Most)
	d.Stories = stories[:publish.Window(stories)]
	return d, err
}

// modified is when the newest change of the stories was committed, or the
// catalogue taken over, which names and titles come from.
func (s *Server) modified(stories []feeds.Story) time.Time {
	newest := *s.since.Load()
	for _, st := range stories {
		if st.Changed.After(newest) {
			newest = st.Changed
		}
	}
	return newest
}

func (s *Server) feed(w http.ResponseWriter, r *http.Request, f publish.Format, sc storage.Scope) {
	if s.opts.Hub != nil {
		site := strings.TrimSuffix(s.catalogue.Load().Site.URL, "/")
		w.Header().Add("Link", "<"+site+"/hub>; rel=\"hub\"")
		w.Header().Add("Link", "<"+site+r.URL.Path+">; rel=\"self\"")
	}
	s.answer(w, r, r.URL.Path, path(sc), func(ctx context.Context) (*rendered, error) { return s.renderFeed(ctx, f, sc) })
}

func (s *Server) renderFeed(ctx context.Context, f publish.Format, sc storage.Scope) (*rendered, error) {
	d, err := s.document(ctx, s.catalogue.Load(), sc)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := publish.Render(&b, f, d); err != nil {
		return nil, err
	}
	doc := newRendered(f.MediaType+"; charset=utf-8", b.Bytes(), s.modified(d.Stories))
	doc.public = true
	return doc, nil
}

// scopeOf reads the path of a feed: "/topics/y-te.rss".
func scopeOf(feed string) (sc storage.Scope, f *publish.Format) {
	if rest, ok := strings.CutPrefix(feed, "/topics/"); ok {
		if name, f := split(rest); feeds.ValidSlug(name) {
			return storage.Scope{Topic: feeds.TopicID(name)}, f
		}
	}
	if rest, ok := strings.CutPrefix(feed, "/departments/"); ok {
		if name, f := split(rest); feeds.ValidSlug(name) {
			return storage.Scope{Department: feeds.DepartmentID(name)}, f
		}
	}
	if name, f := split(feed); name == "/all" {
		return storage.Scope{}, f
	}
	return storage.Scope{}, nil
}

// HasFeed reports whether path is that of a feed here, and where its changes are
// counted in the database.
func (s *Server) HasFeed(path string) (scope string, ok bool) {
	sc, f := scopeOf(path)
	c := s.catalogue.Load()
	_, topic := c.topics()[sc.Topic]
	_, department := c.departments()[sc.Department]
	if f == nil || sc.Topic != "" && !topic || sc.Department != "" && !department {
		return "", false
	}
	return strings.TrimSuffix(path, f.Ending), true
}

// Feed returns a feed as it is sent, with every change that was committed before
// the call.
func (s *Server) Feed(ctx context.Context, feed string) (mediaType string, body []byte, err error) {
	sc, f := scopeOf(feed)
	if f == nil {
		return "", nil, errUnknown
	}
	if err := s.catchUp(ctx); err != nil {
		return "", nil, err
	}
	doc, err := s.cache.get(feed, path(sc), func() (*rendered, error) {
		s.rendering(feed)
		return s.renderFeed(ctx, *f, sc)
	})
	if err != nil {
		return "", nil, err
	}
	return doc.mediaType, doc.body, nil
}

// rendering tells whoever wants to know.
func (s *Server) rendering(path string) {
	if s.opts.Rendered != nil {
		s.opts.Rendered(path)
	}
}

func (s *Server) opml(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, "/feeds.opml", "/feeds.opml", func(context.Context) (*rendered, error) {
		c := s.catalogue.Load()
		var b bytes.Buffer
		if err := publish.OPML(&b, c.Site, c.Topics, c.Departments); err != nil {
			return nil, err
		}
		doc := newRendered("text/x-opml; charset=utf-8", b.Bytes(), time.Time{})
		doc.public = true
		return doc, nil
	})
}

// answer serves the document at key from the cache, or renders it. The work goes
// on if this client leaves: others may wait for the same.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, key, scope string, render func(context.Context) (*rendered, error)) {
	doc, err := s.cache.get(key, scope, func() (*rendered, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 30*time.Second)
		defer cancel()
		s.rendering(key)
		return render(ctx)
	})
	switch {
	case errors.Is(err, errUnknown) || errors.Is(err, storage.ErrNotFound):
		s.notFound(w, r)
	case err != nil:
		s.broken(w, r, err)
	default:
		doc.serve(w, r)
	}
}

func (s *Server) broken(w http.ResponseWriter, r *http.Request, err error) {
	s.opts.Log.ErrorContext(r.Context(), "request failed", slog.String("path", r.URL.Path), slog.Any("err", err))
	s.message(w, http.StatusInternalServerError, "Hệ thống đang gặp trục trặc", "Xin thử lại sau ít phút. Lỗi đã được ghi lại.")
}

// topic answers /topics/y-te and /topics/y-te.rss alike.
func (s *Server) topic(w http.ResponseWriter, r *http.Request) {
	name, format := split(r.PathValue("name"))
	sc := storage.Scope{Topic: feeds.TopicID(name)}
	s.scoped(w, r, name, format, sc)
}

func (s *Server) department(w http.ResponseWriter, r *http.Request) {
	name, format := split(r.PathValue("name"))
	sc := storage.Scope{Department: feeds.DepartmentID(name)}
	s.scoped(w, r, name, format, sc)
}

func (s *Server) scoped(w http.ResponseWriter, r *http.Request, name string, format *publish.Format, sc storage.Scope) {
	switch {
	case !feeds.ValidSlug(name):
		s.notFound(w, r)
	case format != nil:
		s.feed(w, r, *format, sc)
	default:
		s.listPage(w, r, sc)
	}
}

// split takes a feed's ending off a name; format is nil if it has none.
func split(name string) (slug string, format *publish.Format) {
	for i, f := range publish.Formats {
		if slug, ok := strings.CutSuffix(name, f.Ending); ok {
			return slug, &publish.Formats[i]
		}
	}
	return name, nil
}
