package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"gomtin/feeds/curate"
	"gomtin/feeds/fetch"
	"gomtin/feeds/poll"
	"gomtin/feeds/serve"
	"gomtin/feeds/websub"
	"gomtin/storage"
)

func serveCommand() *cobra.Command {
	var db, file, listen string
	var roles []string
	var m manners
	var interval poll.Interval
	c := &cobra.Command{
		Use:     "serve",
		Short:   "Poll the sources and publish the feeds",
		Long:    "Polls and publishes in one process until it is told to stop (SIGTERM, Ctrl-C).\nThe catalogue file is applied at the start and whenever it changes.",
		Example: "  gomtin serve --catalogue catalogue.yaml --db sqlite:gomtin.db --listen 127.0.0.1:8080",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := m.check(); err != nil {
				return err
			}
			ctx := c.Context()
			has := make(map[string]bool)
			for _, r := range roles {
				if r != "poll" && r != "web" && r != "push" {
					return usageError{fmt.Errorf("--roles %q: the roles are poll, web and push", r)}
				}
				has[r] = true
			}
			a := &app{log: newLog(c, false), interval: interval, manners: m}
			if has["web"] {
				l, err := listenOn(listen)
				if err != nil {
					return err
				}
				a.listener = l
				defer l.Close()
			}
			store, err := openDB(ctx, db)
			if err != nil {
				return err
			}
			defer store.Close()
			a.store, a.poll, a.push = store, has["poll"], has["push"]
			if err := applyFile(ctx, store, file); err != nil {
				return err
			}
			if err := a.load(ctx); err != nil {
				return err
			}
			if a.listener != nil {
				fmt.Fprintf(c.OutOrStdout(), "serving %s on http://%s/\n", a.web.Load().Site.Title, a.listener.Addr())
			}
			return a.run(ctx, file, func(web http.Handler) http.Handler { return web })
		},
	}
	f := c.Flags()
	f.StringVar(&listen, "listen", "127.0.0.1:8080", "address to serve on")
	f.StringVar(&db, "db", "sqlite:gomtin.db", "database")
	f.StringVar(&file, "catalogue", "", "catalogue file, applied now and whenever it changes")
	f.StringSliceVar(&roles, "roles", []string{"poll", "web", "push"}, "what this process does")
	f.DurationVar(&interval.Min, "poll-min", 15*time.Minute, "poll no source more often")
	f.DurationVar(&interval.Max, "poll-max", 24*time.Hour, "poll every source at least as often")
	m.flags(f)
	return c
}

// listenOn opens a port, or says in words why it can't.
func listenOn(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err == nil {
		return l, nil
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("listen on %s: another program uses that port: end it, or choose another with --listen", address)
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		err = e.Err // the rest repeats what we say
	}
	return nil, fmt.Errorf("listen on %s: %w", address, err)
}

// An app is the running program: what serve and demo have in common.
type app struct {
	store    *storage.DB
	listener net.Listener // nil: no web
	poll     bool
	push     bool // work as a WebSub hub
	log      *slog.Logger
	interval poll.Interval
	manners  manners
	done     func(poll.Report) // after each poll; may be nil

	version int64 // of the catalogue in use
	topics  atomic.Pointer[curate.Classifier]
	web     atomic.Pointer[serve.Catalogue]
	server  *serve.Server
	client  *fetch.Client
}

// load takes over what the database has as its catalogue, if it is another than
// before.
func (a *app) load(ctx context.Context) error {
	version, err := a.store.CatalogueVersion(ctx)
	if err != nil || version == a.version && a.web.Load() != nil {
		return err
	}
	classifier, catalogue, err := loadCatalogue(ctx, a.store)
	if err != nil {
		return err
	}
	if a.server != nil {
		a.server.Use(catalogue)
		a.log.InfoContext(ctx, "catalogue in use", slog.Int("departments", len(catalogue.Departments)))
	}
	a.version = version
	a.topics.Store(classifier)
	a.web.Store(catalogue)
	return nil
}

// run works until ctx is done and all is drained: polls first, then requests. It
// returns nil if that is why it ended.
func (a *app) run(ctx context.Context, file string, wrap func(http.Handler) http.Handler) error {
	a.client = a.manners.client(a.web.Load().Site.URL)
	defer a.client.Close()
	hub := &websub.Hub{Store: a.store, Client: a.client, Log: a.log, Site: func() string { return a.web.Load().Site.URL }}
	a.server = serve.New(a.store, a.web.Load(), serve.Options{Log: a.log, Hub: hub})
	hub.Scope, hub.Feed = a.server.HasFeed, a.server.Feed

	group, ctx := errgroup.WithContext(ctx)
	if a.poll {
		runner := a.runner()
		group.Go(func() error { return runner.Run(ctx) })
	}
	if a.listener != nil {
		group.Go(func() error { return a.server.Follow(ctx) })
		group.Go(func() error { return serveHTTP(ctx, a.listener, wrap(a.server)) })
	}
	if a.push {
		group.Go(func() error { hub.Run(ctx); return nil })
	}
	group.Go(func() error { a.watch(ctx, file); return nil })
	return group.Wait()
}

func (a *app) runner() *poll.Runner {
	return &poll.Runner{
		Store: a.store, Fetcher: a.client, Topics: a.topics.Load, Log: a.log, Done: a.done,
		Workers: a.manners.workers, Lease: a.manners.lease, Interval: a.interval,
	}
}

// watch applies the catalogue file again when it changes, and takes over what
// this or another process applied. A file with a mistake is reported and the last
// good one stays.
func (a *app) watch(ctx context.Context, file string) {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	last := stamp(file)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if now := stamp(file); now != last && now != "" {
			last = now
			if err := applyFile(ctx, a.store, file); err != nil {
				a.log.ErrorContext(ctx, "catalogue refused; the last good one stays", slog.Any("err", err))
			}
		}
		if err := a.load(ctx); err != nil && ctx.Err() == nil {
			a.log.ErrorContext(ctx, "catalogue could not be read", slog.Any("err", err))
		}
	}
}

// stamp tells one state of a file from another; empty if it can't be read.
func stamp(file string) string {
	info, err := os.Stat(file)
	if err != nil {
		return ""
	}
	return fmt.Sprint(info.ModTime().UnixNano(), " ", info.Size())
}

// serveHTTP serves until ctx is done, then lets running requests end.
func serveHTTP(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	err := srv.Shutdown(drain)
	if errors.Is(err, context.DeadlineExceeded) { // a reader that does not read holds nobody up
		err = srv.Close()
	}
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
