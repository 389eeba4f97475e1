package sqlite

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gomtin/storage"
	"gomtin/storage/storagetest"
)

func TestSuite(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) *storage.DB {
		db, err := Open(t.Context(), filepath.Join(t.TempDir(), "gomtin.db"), storagetest.Options)
		if err != nil {
			t.Fatal(err)
		}
		return db
	})
}

// TestOpenExplains holds what a user reads when a database can't be opened.
func TestOpenExplains(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		name string
		make func(t *testing.T) (file string)
		want string
	}{
		{"a newer schema", func(t *testing.T) string {
			file := filepath.Join(dir, "newer.db")
			db, err := Open(t.Context(), file, storage.Options{})
			if err != nil {
				t.Fatal(err)
			}
			db.Close()
			raw(t, file, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`)
			return file
		}, "schema version 99999, this gomtin knows"},
		{"not a database", func(t *testing.T) string {
			file := filepath.Join(dir, "text.db")
			if err := os.WriteFile(file, []byte(strings.Repeat("this is not SQLite ", 100)), 0o644); err != nil {
				t.Fatal(err)
			}
			return file
		}, "not a whole SQLite database"},
		{"a folder", func(t *testing.T) string { return dir }, "is a folder: name a file in it"},
		{"no folder", func(t *testing.T) string { return filepath.Join(dir, "none", "x.db") }, "there is no folder"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open(t.Context(), tt.make(t), storage.Options{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Open = %v, want %q in it", err, tt.want)
			}
		})
	}
}

func raw(t *testing.T, file, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.Background(), text); err != nil {
		t.Fatal(err)
	}
}

// TestReadersCannotWrite keeps the reading pool honest.
func TestReadersCannotWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gomtin.db")
	db, err := Open(t.Context(), file, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	read, err := sql.Open("sqlite", "file:"+file+"?_pragma=query_only(1)")
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	if _, err := read.Exec(`DELETE FROM counter`); err == nil {
		t.Error("a query_only connection could write")
	}
}
