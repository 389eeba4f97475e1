package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gomtin/feeds"
)

// A sequence hands out change numbers within one transaction. The counter's row
// stays locked until the commit, so numbers are committed in their order and a
// cursor can't skip one.
type sequence struct {
	tx   *sql.Tx
	last feeds.ChangeID
	at   time.Time

	firstOfSource bool // the source had no article before this poll
}

func openSequence(ctx context.Context, tx *sql.Tx, at time.Time) (*sequence, error) {
	s := &sequence{tx: tx, at: at}
	err := tx.QueryRowContext(ctx, `UPDATE counter SET value = value WHERE name = 'change' RETURNING value`).Scan(&s.last)
	if err != nil {
		return nil, fmt.Errorf("lock the change sequence: %w", err)
	}
	return s, nil
}

// record writes the next change of a story.
func (s *sequence) record(ctx context.Context, story feeds.StoryID, kind feeds.ChangeKind) error {
	topics, err := column[feeds.TopicID](ctx, s.tx, `SELECT topic FROM story_topic WHERE story = $1 ORDER BY topic`, story)
	if err != nil {
		return fmt.Errorf("topics of story %d: %w", story, err)
	}
	departments, err := column[feeds.DepartmentID](ctx, s.tx, `SELECT department FROM story_department WHERE story = $1 ORDER BY department`, story)
	if err != nil {
		return fmt.Errorf("departments of story %d: %w", story, err)
	}
	s.last++
	_, err = s.tx.ExecContext(ctx, `INSERT INTO change (id, story, kind, at_us, topics, departments) VALUES ($1, $2, $3, $4, $5, $6)`,
		s.last, story, kind, us(s.at), toJSON(topics), toJSON(departments))
	if err != nil {
		return fmt.Errorf("record change %d: %w", s.last, err)
	}
	_, err = s.tx.ExecContext(ctx, `UPDATE story SET change_id = $2, changed_us = $3 WHERE id = $1`, story, s.last, us(s.at))
	if err != nil {
		return fmt.Errorf("mark story %d: %w", story, err)
	}
	scopes := []string{"/all"}
	for _, t := range topics {
		scopes = append(scopes, "/topics/"+string(t))
	}
	for _, d := range departments {
		scopes = append(scopes, "/departments/"+string(d))
	}
	for _, name := range scopes {
		if _, err := s.tx.ExecContext(ctx, markScopeSQL, name, s.last, us(s.at)); err != nil {
			return fmt.Errorf("mark %s: %w", name, err)
		}
	}
	return nil
}

const markScopeSQL = `INSERT INTO scope (name, change_id, changed_us) VALUES ($1, $2, $3)
	ON CONFLICT (name) DO UPDATE SET change_id = excluded.change_id, changed_us = excluded.changed_us`

func (s *sequence) close(ctx context.Context) error {
	if _, err := s.tx.ExecContext(ctx, `UPDATE counter SET value = $1 WHERE name = 'change'`, s.last); err != nil {
		return fmt.Errorf("advance the change sequence: %w", err)
	}
	return nil
}

// column returns the one column of a query.
func column[T any](ctx context.Context, q querier, text string, args ...any) ([]T, error) {
	all := []T{}
	err := query(ctx, q, func(rows *sql.Rows) error {
		var v T
		err := rows.Scan(&v)
		all = append(all, v)
		return err
	}, text, args...)
	return all, err
}

// LastChange returns the number of the newest change; 0 if there is none.
func (db *DB) LastChange(ctx context.Context) (feeds.ChangeID, error) {
	var id feeds.ChangeID
	if err := db.read.QueryRowContext(ctx, `SELECT value FROM counter WHERE name = 'change'`).Scan(&id); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("read the change sequence: %w", err)
	}
	return id, nil
}

// Changes returns up to limit changes after since, in order.
func (db *DB) Changes(ctx context.Context, since feeds.ChangeID, limit int) ([]feeds.Change, error) {
	var all []feeds.Change
	err := query(ctx, db.read, func(rows *sql.Rows) error {
		var c feeds.Change
		var at int64
		var topics, departments string
		if err := rows.Scan(&c.ID, &c.Story, &c.Kind, &at, &topics, &departments); err != nil {
			return err
		}
		c.At = fromUS(at)
		err := errors.Join(json.Unmarshal([]byte(topics), &c.Topics), json.Unmarshal([]byte(departments), &c.Departments))
		all = append(all, c)
		return err
	}, `SELECT id, story, kind, at_us, topics, departments FROM change WHERE id > $1 ORDER BY id LIMIT $2`, since, limit)
	if err != nil {
		return nil, fmt.Errorf("read changes after %d: %w", since, err)
	}
	return all, nil
}
