// Package serve conducts the outward trip: it answers readers and partner sites
// with feeds and pages, rendered once per change and kept in memory.
//
// It writes nothing to the database. Read [Server] and [Server.Follow] first.
package serve

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gomtin/feeds"
	"gomtin/feeds/publish"
	"gomtin/storage"
)

// A Store is what serving needs of a database; *storage.DB is the real one.
type Store interface {
	// Latest returns the n newest stories of a scope, newest first.
	Latest(ctx context.Context, s storage.Scope, n int) ([]feeds.Story, error)
	// Story returns the story of an article, or storage.ErrNotFound.
	Story(ctx context.Context, id feeds.ArticleID) (feeds.Story, error)
	// LastChange returns the number of the newest change.
	LastChange(ctx context.Context) (feeds.ChangeID, error)
	// Changes returns up to limit changes after since, in order.
	Changes(ctx context.Context, since feeds.ChangeID, limit int) ([]feeds.Change, error)
	// Ping reports whether the database answers.
	Ping(ctx context.Context) error
}

// A Catalogue is what the server needs to know of the site, its topics and its
// departments. It is not changed once it is in use.
type Catalogue struct {
	Site        feeds.Site
	Topics      []feeds.Topic
	Departments []feeds.Department
	Former      []feeds.Department // no longer gathered, but still named by their articles
	Sources     map[feeds.SourceID]string
}

func (c *Catalogue) topics() map[feeds.TopicID]feeds.Topic {
	m := make(map[feeds.TopicID]feeds.Topic, len(c.Topics))
	for _, t := range c.Topics {
		m[t.ID] = t
	}
	return m
}

func (c *Catalogue) departments() map[feeds.DepartmentID]feeds.Department {
	m := make(map[feeds.DepartmentID]feeds.Department, len(c.Departments))
	for _, d := range slices.Concat(c.Former, c.Departments) {
		m[d.ID] = d
	}
	return m
}

// Options are what a Server may be given. The zero value is complete.
type Options struct {
	Log      *slog.Logger      // nil: silent
	Rendered func(path string) // called when a feed or page had to be rendered; may be nil
	Hub      http.Handler      // answers at /hub; nil: feeds name no hub
}

// A Server is an http.Handler. Make one with [New]; it is safe for concurrent use.
type Server struct {
	store     Store
	opts      Options
	catalogue atomic.Pointer[Catalogue]
	since     atomic.Pointer[time.Time] // when the catalogue in use was taken over
	cache     cache
	handler   http.Handler

	following sync.Mutex // guards what is below
	follows   bool
	last      feeds.ChangeID // what the cache has caught up with
}

// New returns a server of what store holds.
func New(store Store, c *Catalogue, o Options) *Server {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{store: store, opts: o}
	s.Use(c)
	s.handler = s.routes()
	return s
}

// Use replaces the catalogue; everything is rendered anew when it is asked for.
func (s *Server) Use(c *Catalogue) {
	now := time.Now()
	s.since.Store(&now)
	s.catalogue.Store(c)
	s.cache.clear()
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /topics/{name}", s.topic)
	mux.HandleFunc("GET /departments/{name}", s.department)
	mux.HandleFunc("GET /articles/{id}", s.article)
	for _, f := range publish.Formats {
		mux.HandleFunc("GET /all"+f.Ending, func(w http.ResponseWriter, r *http.Request) {
			s.feed(w, r, f, storage.Scope{})
		})
	}
	mux.Handle("GET /all", http.RedirectHandler("/", http.StatusMovedPermanently))
	mux.HandleFunc("GET /feeds.opml", s.opml)
	if s.opts.Hub != nil {
		mux.Handle("GET /hub", s.opts.Hub)
		mux.Handle("POST /hub", s.opts.Hub)
	}
	mux.Handle("GET /static/", static())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) { plainText(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) { s.notFound(w, r) })
	return secure(mux)
}

// secure sets what every answer carries.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' http: https: data:; media-src http: https:; base-uri 'none'; form-action 'self'; frame-ancestors 'self'")
		next.ServeHTTP(w, r)
	})
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if err := s.store.Ping(r.Context()); err != nil {
		s.opts.Log.ErrorContext(r.Context(), "database did not answer", slog.Any("err", err))
		plainText(w, http.StatusServiceUnavailable, "the database does not answer")
		return
	}
	plainText(w, http.StatusOK, "ok")
}

func plainText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	w.Write([]byte(text + "\n"))
}

// Follow keeps the cache true until ctx is done: it reads the change sequence
// twice a second and drops what the new changes touch. That is the one way in
// which a change reaches this server, whichever process committed it.
func (s *Server) Follow(ctx context.Context) error {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := s.catchUp(ctx); err != nil && ctx.Err() == nil {
			s.opts.Log.ErrorContext(ctx, "changes could not be read; pages may be old", slog.Any("err", err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// catchUp drops what changes since the last call touch.
func (s *Server) catchUp(ctx context.Context) error {
	s.following.Lock()
	defer s.following.Unlock()
	if !s.follows { // what was rendered before we knew where we are is dropped
		last, err := s.store.LastChange(ctx)
		if err != nil {
			return err
		}
		s.last, s.follows = last, true
		s.cache.clear()
	}
	for {
		changes, err := s.store.Changes(ctx, s.last, 1000)
		if err != nil || len(changes) == 0 {
			return err
		}
		s.drop(changes)
		s.last = changes[len(changes)-1].ID
	}
}

// drop forgets what changes touch: their topics, their departments, and what
// shows all.
func (s *Server) drop(changes []feeds.Change) {
	touched := map[string]bool{"": true}
	for _, c := range changes {
		for _, t := range c.Topics {
			touched["/topics/"+string(t)] = true
		}
		for _, d := range c.Departments {
			touched["/departments/"+string(d)] = true
		}
	}
	s.cache.drop(touched)
}
