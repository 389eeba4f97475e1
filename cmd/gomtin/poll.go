package main

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"gomtin/feeds"
	"gomtin/feeds/curate"
	"gomtin/feeds/poll"
)

func pollCommand() *cobra.Command {
	var db, file string
	var all, once bool
	var m manners
	c := &cobra.Command{
		Use:   "poll",
		Short: "Poll the sources that are due, once",
		Long: `Polls every source that is due and exits; prints a line per source and totals.
A source that fails does not stop the others: its line says why. The exit code is
1 if every source failed. "gomtin serve" polls all the time.`,
		Example: "  gomtin poll --once --all --catalogue catalogue.yaml",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !once {
				return usageError{errors.New(`"gomtin poll" makes one round: write --once; to poll all the time, "gomtin serve --roles poll"`)}
			}
			if err := m.check(); err != nil {
				return err
			}
			ctx := c.Context()
			store, err := openDB(ctx, db)
			if err != nil {
				return err
			}
			defer store.Close()
			if err := applyFile(ctx, store, file); err != nil {
				return err
			}
			classifier, catalogue, err := loadCatalogue(ctx, store)
			if err != nil {
				return err
			}
			if all {
				if err := store.MakeDue(ctx); err != nil {
					return err
				}
			}
			client := m.client(catalogue.Site.URL)
			defer client.Close()
			printer := &pollPrinter{w: c.OutOrStdout()}
			runner := &poll.Runner{
				Store: store, Fetcher: client, Topics: func() *curate.Classifier { return classifier },
				Workers: m.workers, Lease: m.lease, Done: printer.line,
			}
			held, until, err := store.Leased(ctx, time.Now())
			if err != nil {
				return err
			}
			if err := runner.Round(ctx); err != nil {
				return err
			}
			if held > 0 {
				fmt.Fprintf(c.OutOrStdout(), "%s left to another process, or to one that died: leased until %s at most\n", count(held, "source"), until.Local().Format("15:04:05"))
			}
			return printer.totals()
		},
	}
	c.Flags().StringVar(&db, "db", "sqlite:gomtin.db", "database")
	c.Flags().StringVar(&file, "catalogue", "", "catalogue file to apply first")
	c.Flags().BoolVar(&once, "once", false, "make one round and exit")
	c.Flags().BoolVar(&all, "all", false, "poll all sources, due or not")
	m.flags(c.Flags())
	return c
}

// A pollPrinter writes a line for each poll as it ends, and the totals.
type pollPrinter struct {
	mu                        sync.Mutex
	w                         io.Writer
	polled, unchanged, failed int
	tally                     feeds.Tally
}

func (p *pollPrinter) line(r poll.Report) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.polled++
	p.tally.Add(r.Tally)
	took := r.Took.Round(time.Millisecond)
	switch {
	case r.Err != nil:
		p.failed++
		fmt.Fprintf(p.w, "%-12s failed: %v\n", r.Source.Department.ID, r.Err)
	case r.NotModified && r.Tally == (feeds.Tally{}):
		p.unchanged++
		fmt.Fprintf(p.w, "%-12s not modified (304), %v\n", r.Source.Department.ID, took)
	default:
		fmt.Fprintf(p.w, "%-12s %d listed, %d new, %d corrected, %v\n", r.Source.Department.ID, r.Listed, r.Tally.New, r.Tally.Corrected, took)
		if r.Lost != nil {
			fmt.Fprintf(p.w, "%-12s   lost: %v\n", "", oneLine(r.Lost))
		}
	}
}

func (p *pollPrinter) totals() error {
	fmt.Fprintf(p.w, "%s polled, %d not modified, %d failed\n", count(p.polled, "source"), p.unchanged, p.failed)
	fmt.Fprintf(p.w, "%s, %d corrected, %d joined another department's story\n", count(p.tally.New, "new article"), p.tally.Corrected, p.tally.Merged)
	if p.polled > 0 && p.failed == p.polled {
		return errors.New("every source failed; each line above says why")
	}
	return nil
}
