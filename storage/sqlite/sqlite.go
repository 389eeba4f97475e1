// Package sqlite opens a gomtin database in one SQLite file, the engine of a
// province on one machine. Read [Open].
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
	sqlite "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"gomtin/storage"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Dialect returns SQLite's words.
func Dialect() storage.Dialect {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return storage.Dialect{Name: "sqlite", Goose: goose.DialectSQLite3, Migrations: files}
}

// Open opens or creates the database in file, for any number of readers and one
// writer at a time; several processes may have it open. The caller closes it.
func Open(ctx context.Context, file string, o storage.Options) (*storage.DB, error) {
	if err := writable(file); err != nil {
		return nil, err
	}
	// Pragmas stand in the DSN because an Exec would reach one pooled connection
	// only; busy_timeout first, so that the others wait for a lock.
	common := "_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(1)&_pragma=cache_size(-16000)"
	name := "file:" + (&url.URL{Path: file}).EscapedPath()
	write, err := sql.Open("sqlite", name+"?"+common+"&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	read, err := sql.Open("sqlite", name+"?"+common+"&_pragma=query_only(1)")
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(4)
	db, err := storage.New(ctx, read, write, Dialect(), o)
	if err != nil {
		return nil, errors.Join(explain(file, err), read.Close(), write.Close())
	}
	return db, nil
}

// writable finds out early, and in words, what would otherwise be SQLite's
// "unable to open database file": SQLite needs to write the file and beside it.
func writable(file string) error {
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return fmt.Errorf("database %s is a folder: name a file in it", file)
	}
	if f, err := os.OpenFile(file, os.O_RDWR, 0); err == nil {
		f.Close()
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("database %s: the file can't be written (%w): check its owner and permissions, or choose another with --db", file, errors.Unwrap(err))
	}
	dir := filepath.Dir(file)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("database %s: there is no folder %s: make it first", file, dir)
	}
	probe, err := os.CreateTemp(dir, ".gomtin-probe-*")
	if err != nil {
		return fmt.Errorf("database %s: can't write in folder %s (%w): choose another place with --db", file, dir, errors.Unwrap(err))
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// explain puts SQLite's codes into words, with the mend.
func explain(file string, err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return fmt.Errorf("database %s: %w", file, err)
	}
	mend := ""
	switch e.Code() & 0xff {
	case lib.SQLITE_NOTADB, lib.SQLITE_CORRUPT:
		mend = "the file is not a whole SQLite database: restore a backup, or choose another file with --db"
	case lib.SQLITE_READONLY, lib.SQLITE_PERM, lib.SQLITE_CANTOPEN:
		mend = "the file can't be written: check its owner and permissions, or choose another file with --db"
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		mend = "another program has locked it: end that program and try again"
	case lib.SQLITE_FULL:
		mend = "the disk is full"
	default:
		return fmt.Errorf("database %s: %w", file, err)
	}
	return fmt.Errorf("database %s: %s (%w)", file, mend, e)
}
