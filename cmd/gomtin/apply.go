package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"gomtin/storage"
)

func applyCommand() *cobra.Command {
	var db string
	c := &cobra.Command{
		Use:     "apply FILE",
		Short:   "Make a catalogue file the catalogue",
		Long:    "Reads the departments, sources and topics of a catalogue file into the database.\nA mistake in the file is refused before anything changes. Applying twice changes nothing.",
		Example: "  gomtin apply catalogue.yaml --db sqlite:gomtin.db",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			catalogue, err := readCatalogue(args[0])
			if err != nil {
				return err
			}
			store, err := openDB(c.Context(), db)
			if err != nil {
				return err
			}
			defer store.Close()
			done, err := store.Apply(c.Context(), catalogue)
			if err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), appliedText(catalogue, done))
			return nil
		},
	}
	c.Flags().StringVar(&db, "db", "sqlite:gomtin.db", "database")
	return c
}

func appliedText(c storage.Catalogue, done storage.Applied) string {
	if done == (storage.Applied{}) {
		return fmt.Sprintf("nothing changed: %s, %s", count(len(c.Departments), "department"), count(len(c.Sources), "source"))
	}
	return fmt.Sprintf("applied: %s and %s added or changed, %d no longer named", count(done.Departments, "department"), count(done.Sources, "source"), done.Removed)
}

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// applyFile applies a catalogue file, if one is given.
func applyFile(ctx context.Context, db *storage.DB, file string) error {
	if file == "" {
		return nil
	}
	c, err := readCatalogue(file)
	if err != nil {
		return err
	}
	_, err = db.Apply(ctx, c)
	return err
}
