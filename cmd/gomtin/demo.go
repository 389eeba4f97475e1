package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"gomtin/cmd/gomtin/province"
	"gomtin/feeds"
	"gomtin/feeds/poll"
	"gomtin/storage"
)

// How fast the sample province lives.
const (
	demoPublishes = 20 * time.Second
	demoPolls     = 3 * time.Second
)

func demoCommand() *cobra.Command {
	var db, listen string
	c := &cobra.Command{
		Use:   "demo",
		Short: "Run the whole thing on a sample province",
		Long: `Serves the sites of eight departments of a sample province on loopback, polls
them, and publishes their news as feeds and pages. It needs no network and no
set-up. While it runs the province publishes something new every 20 seconds.`,
		Example: "  gomtin demo\n  gomtin demo --listen 127.0.0.1:9000 --db sqlite:demo.db",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return demo(c, db, listen) },
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "address to serve on; the departments' sites are at NAME.localhost and its port")
	c.Flags().StringVar(&db, "db", "", "database to keep (default: one that is forgotten at the end)")
	return c
}

func demo(c *cobra.Command, db, listen string) (err error) {
	ctx, out := c.Context(), c.OutOrStdout()
	l, err := listenOn(listen)
	if err != nil {
		return err
	}
	defer l.Close()
	if db == "" {
		dir, err := os.MkdirTemp("", "gomtin-demo-")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		db = "sqlite:" + filepath.Join(dir, "demo.db")
	}
	store, err := openDB(ctx, db)
	if err != nil {
		return err
	}
	defer store.Close()
	site, port, sites, err := demoAddresses(l)
	if err != nil {
		return err
	}
	if sites != nil {
		defer sites.Close()
	}
	prov, err := province.New(port)
	if err != nil {
		return err
	}
	if err := ownDatabase(ctx, store, db, site); err != nil {
		return err
	}
	if _, err := store.Apply(ctx, sampleCatalogue(prov, site)); err != nil {
		return err
	}
	a := &app{
		store: store, listener: l, poll: true, push: true, log: newLog(c, true),
		interval: poll.Interval{Min: demoPolls, Max: demoPolls},
		manners:  manners{allowPrivate: true, workers: 8, lease: 10 * time.Second},
	}
	if err := a.load(ctx); err != nil {
		return err
	}
	departments, _ := prov.Departments()
	first := &firstRound{out: out, store: store, site: site, home: departments[1].Home, want: len(departments), done: make(chan struct{})}
	a.done = first.polled
	wrap := func(web http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if prov.Owns(r.Host) {
				prov.ServeHTTP(w, r)
				return
			}
			web.ServeHTTP(w, r)
		})
	}
	fmt.Fprintf(out, "gomtin demo: gathering the news of %d departments …\n", first.want)
	go keepPublishing(ctx, prov, first.done)
	if sites != nil {
		srv := &http.Server{Handler: prov, ReadHeaderTimeout: 10 * time.Second}
		go srv.Serve(sites)
		defer srv.Close()
	}
	return a.run(ctx, "", wrap)
}

// demoTag pins the ids of the sample province's entries.
const demoTag = "demo.gomtin.example,2026"

// demoAddresses returns where a browser here finds what l serves, and the port of
// the departments' sites, which are always on 127.0.0.1: l's own if l listens
// there too, else that of sites.
func demoAddresses(l net.Listener) (site, port string, sites net.Listener, err error) {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return "", "", nil, err
	}
	switch ip := net.ParseIP(host); {
	case ip.IsUnspecified():
		host = "127.0.0.1"
	case host != "127.0.0.1":
		if sites, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return "", "", nil, err
		}
		site = "http://" + net.JoinHostPort(host, port)
		_, port, err = net.SplitHostPort(sites.Addr().String())
		return site, port, sites, err
	}
	return "http://" + net.JoinHostPort(host, port), port, nil, nil
}

// ownDatabase refuses a database that is not a demo's, or one of a demo at another
// address, whose articles would all come again under new links.
func ownDatabase(ctx context.Context, store *storage.DB, name, site string) error {
	c, err := store.Catalogue(ctx)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil
	case err != nil:
		return err
	case c.Site.Tag != demoTag:
		return fmt.Errorf("%s holds the catalogue of “%s”, which the demo would replace: name another with --db", name, c.Site.Title)
	case c.Site.URL != site:
		return fmt.Errorf("%s was made by a demo at %s: use the same --listen, or another --db", name, c.Site.URL)
	}
	return nil
}

// sampleCatalogue is the province as a catalogue.
func sampleCatalogue(p *province.Province, site string) storage.Catalogue {
	departments, sources := p.Departments()
	return storage.Catalogue{
		Site: feeds.Site{
			Title: "Tin tức tỉnh mẫu", URL: site, Tag: demoTag, Language: "vi", Timezone: "Asia/Ho_Chi_Minh",
			Rights: "© Cổng thông tin điện tử tỉnh mẫu; ghi rõ nguồn khi phát hành lại",
		},
		Departments: departments, Sources: sources, Topics: []byte("{}"),
	}
}

// keepPublishing lets the province publish until ctx is done, once the first round is over.
func keepPublishing(ctx context.Context, p *province.Province, start <-chan struct{}) {
	select {
	case <-start:
	case <-ctx.Done():
		return
	}
	tick := time.NewTicker(demoPublishes)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if _, _, err := p.Publish(now); err != nil {
				panic(err) // the embedded texts are wrong; a test reads them all
			}
		}
	}
}

// A firstRound waits until every source was polled, says what there is to see,
// and then reports what arrives.
type firstRound struct {
	mu    sync.Mutex
	out   io.Writer
	store *storage.DB
	site  string
	home  string // of one department
	want  int
	seen  map[feeds.SourceID]bool
	done  chan struct{}
}

func (f *firstRound) polled(r poll.Report) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen == nil {
		f.seen = make(map[feeds.SourceID]bool)
	}
	before := len(f.seen)
	f.seen[r.Source.ID] = true
	c, err := f.store.Counts(context.Background())
	if err != nil {
		fmt.Fprintf(f.out, "  %v\n", err)
		return
	}
	totals := fmt.Sprintf("%d articles, %d stories, %d topics", c.Articles, c.Stories, c.Topics)
	switch {
	case r.Err != nil:
		fmt.Fprintf(f.out, "  %s: %v\n", r.Source.Department.Name, r.Err)
	case before == f.want && r.Tally != (feeds.Tally{}):
		fmt.Fprintf(f.out, "%s  +%d %s (%s)\n", time.Now().Format("15:04:05"), r.Tally.New+r.Tally.Corrected, r.Source.Department.Name, totals)
	case before < f.want && len(f.seen) == f.want:
		fmt.Fprintf(f.out, `
  %s

  open        %s/
  subscribe   %s/topics/y-te.rss   (.atom, .json; 13 more topics on the page)
  everything  %s/feeds.opml
  a source    %s   (one of the eight sites; the articles link to them)

Every 20 seconds a department publishes something new. Ctrl-C ends the demo.

`, totals, f.site, f.site, f.site, f.home)
		close(f.done)
	}
}
