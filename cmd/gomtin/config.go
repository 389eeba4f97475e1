package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gomtin/feeds/curate"
	"gomtin/feeds/fetch"
	"gomtin/storage"
	"gomtin/storage/postgres"
	"gomtin/storage/sqlite"
)

// loadConfig fills in flags that the command line does not set: from the
// environment (GOMTIN_HOST_PACE for --host-pace), else from the --config file,
// whose keys are flag names.
func loadConfig(c *cobra.Command, _ []string) error {
	values := make(map[string]any)
	file, err := c.Flags().GetString("config")
	if err != nil {
		return err
	}
	if file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("config %w", err)
		}
		if err := yaml.Unmarshal(data, &values); err != nil {
			return fmt.Errorf("config %s:%w", file, yamlError(nil, err))
		}
		for key := range values {
			if flags := allFlags(c.Root()); !slices.Contains(flags, key) {
				return fmt.Errorf("config %s: no command has a flag %q%s", file, key, hint(key, flags))
			}
		}
	}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if err != nil || f.Changed || f.Name == "config" || f.Name == "help" {
			return
		}
		name := "GOMTIN_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if v := os.Getenv(name); v != "" {
			if e := c.Flags().Set(f.Name, v); e != nil {
				err = usageError{fmt.Errorf("environment %s: %w", name, e)}
			}
		} else if v, ok := values[f.Name]; ok {
			text := fmt.Sprint(v)
			if _, ok := v.([]any); ok { // [poll web]
				text = strings.ReplaceAll(strings.Trim(text, "[]"), " ", ",")
			}
			if e := c.Flags().Set(f.Name, text); e != nil {
				err = usageError{fmt.Errorf("config %s: %s: %w", file, f.Name, e)}
			}
		}
	})
	return err
}

// allFlags returns the names of every command's flags.
func allFlags(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	}
	return names
}

// openDB opens the database that a --db value names.
func openDB(ctx context.Context, name string) (*storage.DB, error) {
	o := storage.Options{SameStory: curate.SameStory, SameArticle: curate.SameArticle, Window: curate.Window}
	switch kind, rest, _ := strings.Cut(name, ":"); {
	case kind == "sqlite" && rest != "":
		return sqlite.Open(ctx, rest, o)
	case kind == "postgres" || kind == "postgresql":
		return postgres.Open(ctx, name, o)
	}
	return nil, usageError{fmt.Errorf("--db %q: write sqlite:FILE or postgres://USER@HOST/NAME", name)}
}

// manners are the flags of every command that fetches.
type manners struct {
	workers      int
	pace         time.Duration
	allowPrivate bool
	lease        time.Duration
}

func (m *manners) flags(f *pflag.FlagSet) {
	f.IntVar(&m.workers, "workers", 4, "polls at a time")
	f.DurationVar(&m.pace, "host-pace", time.Second, "pause after a request to a host; 0 for none")
	f.DurationVar(&m.lease, "lease", 2*time.Minute, "how long one poll may take, and a dead process's sources wait")
	f.BoolVar(&m.allowPrivate, "allow-private", false, "fetch from loopback and private addresses too")
}

// check refuses numbers that would do nothing at all.
func (m manners) check() error {
	if m.workers < 1 || m.lease < time.Second || m.pace < 0 {
		return usageError{errors.New("--workers must be 1 or more, --lease 1s or more, --host-pace 0 or more")}
	}
	return nil
}

// client makes the fetcher. contact is the site's address, which servers' owners
// find in the User-Agent.
func (m manners) client(contact string) *fetch.Client {
	pace := m.pace
	if pace == 0 {
		pace = -1
	}
	agent := "gomtin/" + version()
	if contact != "" {
		agent += " (+" + contact + ")"
	}
	return fetch.New(fetch.Options{UserAgent: agent, HostPace: pace, AllowPrivate: m.allowPrivate})
}

// version is the module's, or "dev" when it was built from a work tree.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "(devel)" {
		return "dev"
	}
	return cmp.Or(info.Main.Version, "dev")
}

// newLog returns the operator's log: text for a person, on stderr.
func newLog(c *cobra.Command, quiet bool) *slog.Logger {
	if quiet {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(c.ErrOrStderr(), nil))
}
