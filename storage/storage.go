// Package storage keeps articles, stories, sources and the sequence of changes.
//
// All SQL is here, written once for every engine, one file an entity; a
// [Dialect] holds the few words that differ. storage/sqlite and storage/postgres
// open a [DB]. Times
// are stored as microseconds UTC; ids that leave the process are never row ids.
// Read [DB.Commit] first.
package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"

	"gomtin/feeds"
)

// ErrNotFound means that no row has the name asked for.
var ErrNotFound = errors.New("not found")

// A Dialect holds what differs between engines.
type Dialect struct {
	Name       string        // "sqlite", "postgres"
	SkipLocked string        // appended to the query that picks due sources
	Goose      goose.Dialect // for migrations
	Provider   []goose.ProviderOption
	Migrations fs.FS // numbered .sql files, the same numbers for all engines
}

// Options hold the rules that storage applies inside a commit but that are not
// its own. The zero value merges nothing.
type Options struct {
	// SameStory reports whether two articles tell one story. It is asked about
	// articles whose fingerprints share a band; nil: never.
	SameStory func(a, b feeds.Article) bool
	// SameArticle reports whether an article that has another link now reads like the
	// one that had its guid before; nil: always.
	SameArticle func(old, now feeds.Article) bool
	// Window is how far apart their publication may be; default 7 days.
	Window time.Duration
}

// A DB is an open database. It is safe for concurrent use.
type DB struct {
	read, write *sql.DB
	dialect     Dialect
	opts        Options
}

// New takes over opened pools, brings the schema up to date and returns the DB.
// read and write may be the same. A schema newer than this program is refused.
func New(ctx context.Context, read, write *sql.DB, d Dialect, o Options) (*DB, error) {
	if o.Window == 0 {
		o.Window = 7 * 24 * time.Hour
	}
	if err := migrate(ctx, write, d); err != nil {
		return nil, err
	}
	return &DB{read: read, write: write, dialect: d, opts: o}, nil
}

func migrate(ctx context.Context, db *sql.DB, d Dialect) error {
	provider, err := goose.NewProvider(d.Goose, db, d.Migrations, d.Provider...)
	if err != nil {
		return fmt.Errorf("prepare migrations: %w", err)
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	if current > target {
		return fmt.Errorf("the database has schema version %d, this gomtin knows %d: use the newer gomtin that wrote it, or another database", current, target)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate the schema: %w", err)
	}
	return nil
}

// Close closes the pools.
func (db *DB) Close() error {
	err := db.read.Close()
	if db.write != db.read {
		err = errors.Join(err, db.write.Close())
	}
	return err
}

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.read.PingContext(ctx) }

// transact runs f in one transaction on the writing pool: all of it or nothing.
func (db *DB) transact(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// query runs a query and calls scan for each row.
func query(ctx context.Context, q querier, scan func(*sql.Rows) error, text string, args ...any) error {
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// A querier is a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// us stores a time; the zero time is 0.
func us(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// fromUS reads a stored time, in UTC.
func fromUS(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// toJSON encodes what can't fail: our own types of strings and numbers.
func toJSON(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", v, err))
	}
	return string(data)
}

// placeholders returns "$first, …, $(first+n-1)".
func placeholders(first, n int) string {
	s := ""
	for i := range n {
		if i > 0 {
			s += ", "
		}
		s += fmt.Sprintf("$%d", first+i)
	}
	return s
}
