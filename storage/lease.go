package storage

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"gomtin/feeds"
)

// Claim leases up to limit sources that are due at now, for ttl, the longest
// overdue first. Nobody else can claim them until the lease ends or the poll is
// committed; a worker that dies leaves them to the next after ttl.
func (db *DB) Claim(ctx context.Context, now time.Time, limit int, ttl time.Duration) ([]feeds.Job, error) {
	var jobs []feeds.Job
	until := now.Add(ttl)
	err := db.transact(ctx, func(tx *sql.Tx) error {
		jobs = nil
		leases := make(map[feeds.SourceID]int64)
		err := query(ctx, tx, func(rows *sql.Rows) error {
			var id feeds.SourceID
			var generation int64
			if err := rows.Scan(&id, &generation); err != nil {
				return err
			}
			leases[id] = generation
			return nil
		}, `UPDATE source SET lease_us = $2, lease_gen = lease_gen + 1 WHERE id IN (
				SELECT id FROM source WHERE active = 1 AND next_us <= $1 AND lease_us <= $1 ORDER BY next_us, id LIMIT $3 `+db.dialect.SkipLocked+`)
			RETURNING id, lease_gen`, us(now), us(until), limit)
		if err != nil || len(leases) == 0 {
			return err
		}
		ids := make([]any, 0, len(leases))
		for id := range leases {
			ids = append(ids, id)
		}
		return query(ctx, tx, func(rows *sql.Rows) error {
			s, err := scanSource(rows)
			jobs = append(jobs, feeds.Job{Source: s, Lease: feeds.Lease{Generation: leases[s.ID], Until: until}})
			return err
		}, `SELECT `+sourceColumns+` FROM source s JOIN department d ON d.id = s.department WHERE s.id IN (`+placeholders(1, len(ids))+`) ORDER BY s.id`, ids...)
	})
	if err != nil {
		return nil, fmt.Errorf("claim due sources: %w", err)
	}
	return jobs, nil
}

// Release ends the lease of a job that was not done, so that it can be claimed
// at once. A lease that was lost meanwhile is left alone.
func (db *DB) Release(ctx context.Context, job feeds.Job) error {
	_, err := db.write.ExecContext(ctx, `UPDATE source SET lease_us = 0 WHERE id = $1 AND lease_gen = $2`, job.Source.ID, job.Lease.Generation)
	if err != nil {
		return fmt.Errorf("release source %d: %w", job.Source.ID, err)
	}
	return nil
}

// MakeDue makes every source due now: what "poll --all" does first.
func (db *DB) MakeDue(ctx context.Context) error {
	if _, err := db.write.ExecContext(ctx, `UPDATE source SET next_us = 0 WHERE active = 1`); err != nil {
		return fmt.Errorf("make all sources due: %w", err)
	}
	return nil
}

// NextDue returns when the next source will be due that nobody has leased; ok is
// false if there is none.
func (db *DB) NextDue(ctx context.Context) (at time.Time, ok bool, err error) {
	var n sql.NullInt64
	err = db.read.QueryRowContext(ctx, `SELECT min(CASE WHEN lease_us > next_us THEN lease_us ELSE next_us END) FROM source WHERE active = 1`).Scan(&n)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("find the next due source: %w", err)
	}
	return time.UnixMicro(n.Int64).UTC(), n.Valid, nil
}

// Leased returns how many sources somebody works on at now, or died working on,
// and until when at most.
func (db *DB) Leased(ctx context.Context, now time.Time) (n int, until time.Time, err error) {
	var last int64
	err = db.read.QueryRowContext(ctx, `SELECT count(*), COALESCE(max(lease_us), 0) FROM source WHERE active = 1 AND lease_us > $1`, us(now)).Scan(&n, &last)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("count leases: %w", err)
	}
	return n, fromUS(last), nil
}
