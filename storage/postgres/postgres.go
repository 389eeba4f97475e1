// Package postgres opens a gomtin database in PostgreSQL, the engine for several
// machines. Read [Open].
package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"gomtin/storage"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Dialect returns PostgreSQL's words. Migrations run under a session lock, so that
// of several programs that start together one migrates and the others wait.
func Dialect() (storage.Dialect, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return storage.Dialect{}, err
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return storage.Dialect{}, err
	}
	return storage.Dialect{
		Name: "postgres", SkipLocked: "FOR UPDATE SKIP LOCKED",
		Goose: goose.DialectPostgres, Migrations: files, Provider: []goose.ProviderOption{goose.WithSessionLocker(locker)},
	}, nil
}

// Open connects to the database at address ("postgres://user@host/name"), which
// must exist. The caller closes it.
func Open(ctx context.Context, address string, o storage.Options) (*storage.DB, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("database address %s can't be read: write postgres://USER@HOST/NAME", redacted(address))
	}
	config.RuntimeParams["application_name"] = "gomtin"
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(8)
	pool.SetMaxIdleConns(4)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	dialect, err := Dialect()
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	db, err := storage.New(ctx, pool, pool, dialect, o)
	if err != nil {
		return nil, errors.Join(explain(address, err), pool.Close())
	}
	return db, nil
}

// redacted hides the password of an address.
func redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(unreadable)"
	}
	return u.Redacted()
}

// explain puts PostgreSQL's codes into words, with the mend.
func explain(address string, err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		mend := ""
		switch e.Code {
		case "3D000": // invalid_catalog_name
			mend = "there is no such database: make it with createdb"
		case "28P01", "28000": // invalid_password, invalid_authorization_specification
			mend = "the server refuses the user or the password: check both, and pg_hba.conf"
		case "42501": // insufficient_privilege
			mend = "the user may not make tables there: make it the owner of the database"
		default:
			return fmt.Errorf("database %s: %w", redacted(address), err)
		}
		return fmt.Errorf("database %s: %s (%s)", redacted(address), mend, e.Message)
	}
	if e, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return fmt.Errorf("database %s: no connection: is the server running there? (%w)", redacted(address), e)
	}
	return fmt.Errorf("database %s: %w", redacted(address), err)
}
