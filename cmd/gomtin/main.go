// Command gomtin gathers what a province's departments publish and republishes it
// as unified RSS and Atom feeds, one per topic.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // the program is one static file; zones come with it

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program as its tests start it. It returns the exit code: 0 for
// success, 1 for failure, 2 for wrong usage, with one line of why on stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintf(stderr, "gomtin: %s\n", oneLine(err))
	if _, ok := errors.AsType[usageError](err); ok || strings.HasPrefix(err.Error(), "unknown command") {
		return 2
	}
	return 1
}

// A usageError says that the command line is wrong.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "gomtin",
		Short: "Gather a province's news, publish it as feeds by topic",
		Long: `gomtin gathers what a province's departments publish, each on its own site and
in its own way, and republishes it as unified RSS, Atom and JSON feeds, one per
topic. Start with "gomtin demo": it needs no network and no set-up.`,
		Version:           version(),
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		PersistentPreRunE: loadConfig,
	}
	root.PersistentFlags().String("config", "", "YAML file with values for flags (db: sqlite:/var/lib/gomtin.db)")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(demoCommand(), serveCommand(), pollCommand(), inspectCommand(), applyCommand())
	for _, c := range root.Commands() {
		check := c.Args
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return usageError{fmt.Errorf("%w; see gomtin %s --help", err, c.Name())}
			}
			return nil
		}
	}
	return root
}
