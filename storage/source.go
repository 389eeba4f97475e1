package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"gomtin/feeds"
)

// sourceColumns are what scanSource reads, of source s and department d.
const sourceColumns = `s.id, s.kind, s.url, s.spec, s.etag, s.last_modified, s.failures, s.rhythm_us, d.id, d.name, d.home, d.topics`

// scanSource reads sourceColumns, and then more.
func scanSource(rows *sql.Rows, more ...any) (feeds.Source, error) {
	var s feeds.Source
	var text, topics string
	var rhythm int64
	err := rows.Scan(append([]any{&s.ID, &s.Kind, &s.URL, &text, &s.Validators.ETag, &s.Validators.LastModified, &s.Failures, &rhythm,
		&s.Department.ID, &s.Department.Name, &s.Department.Home, &topics}, more...)...)
	if err != nil {
		return s, err
	}
	s.Rhythm = time.Duration(rhythm) * time.Microsecond
	var sp spec
	if err := json.Unmarshal([]byte(text), &sp); err != nil {
		return s, fmt.Errorf("source %d: %w", s.ID, err)
	}
	s.CMS, s.Recipe, s.FullText, s.Charset, s.CAFile = sp.CMS, sp.Recipe, sp.FullText, sp.Charset, sp.CAFile
	if err := json.Unmarshal([]byte(topics), &s.Department.Topics); err != nil {
		return s, fmt.Errorf("department %s: %w", s.Department.ID, err)
	}
	return s, nil
}

// Health is how a source fares.
type Health struct {
	Source   feeds.Source
	Fetched  time.Time // last poll; zero: never
	Next     time.Time // next poll
	Fault    string    // of the last poll; empty if it went well
	Articles int
}

// Sources returns every source that is polled, in the catalogue's order.
func (db *DB) Sources(ctx context.Context) ([]Health, error) {
	var all []Health
	err := query(ctx, db.read, func(rows *sql.Rows) error {
		var h Health
		var fetched, next int64
		var err error
		h.Source, err = scanSource(rows, &fetched, &next, &h.Fault, &h.Articles)
		h.Fetched, h.Next = fromUS(fetched), fromUS(next)
		all = append(all, h)
		return err
	}, `SELECT `+sourceColumns+`, s.fetched_us, s.next_us, s.fault, (SELECT count(*) FROM article a WHERE a.source = s.id)
		FROM source s JOIN department d ON d.id = s.department WHERE s.active = 1 ORDER BY d.position, s.id`)
	if err != nil {
		return nil, fmt.Errorf("list sources: %w", err)
	}
	return all, nil
}

// finishSQL ends a poll. It touches no row if another worker has claimed since.
const finishSQL = `UPDATE source SET etag = $3, last_modified = $4, failures = $5, fault = $6, rhythm_us = $7, fetched_us = $8, next_us = $9, lease_us = 0
	WHERE id = $1 AND lease_gen = $2`

func finishSource(ctx context.Context, tx *sql.Tx, job feeds.Job, out feeds.Outcome) error {
	failures, fault := 0, ""
	if out.Err != nil {
		failures, fault = job.Source.Failures+1, out.Err.Error()
	}
	rhythm := job.Source.Rhythm
	if out.Rhythm > 0 {
		rhythm = out.Rhythm
	}
	n, err := affected(tx.ExecContext(ctx, finishSQL, job.Source.ID, job.Lease.Generation,
		out.Validators.ETag, out.Validators.LastModified, failures, fault, rhythm.Microseconds(), us(out.At), us(out.Next)))
	if err != nil {
		return fmt.Errorf("finish source %d: %w", job.Source.ID, err)
	}
	if n == 0 {
		return fmt.Errorf("finish source %d: %w", job.Source.ID, feeds.ErrLeaseLost)
	}
	return nil
}
