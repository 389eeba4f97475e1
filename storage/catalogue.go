package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"gomtin/feeds"
)

// A Catalogue is what the editor has said: the site, the departments with their
// sources, and the changes to the built-in topics.
type Catalogue struct {
	Site        feeds.Site
	Departments []feeds.Department
	Sources     []feeds.Source  // feeds before lists; only what a catalogue says of them
	Topics      json.RawMessage // as cmd wrote them; storage does not look inside

	// What earlier catalogues named and articles still come from. Apply ignores both.
	Former    []feeds.Department
	Addresses map[feeds.SourceID]string // of every source, polled or not
}

// Applied counts what applying a catalogue changed.
type Applied struct {
	Departments, Sources int // added or changed
	Removed              int // departments and sources no longer named
	Settings             int // site, topics
}

// A spec is the part of a source that only the catalogue says.
type spec struct {
	CMS      string       `json:"cms,omitempty"`
	Recipe   feeds.Recipe `json:"recipe,omitzero"`
	FullText bool         `json:"full_text,omitempty"`
	Charset  string       `json:"charset,omitempty"`
	CAFile   string       `json:"ca_file,omitempty"`
}

// Apply makes c the catalogue. What it no longer names is kept but not polled;
// articles stay. Applying the same again changes nothing.
func (db *DB) Apply(ctx context.Context, c Catalogue) (Applied, error) {
	var done Applied
	err := db.transact(ctx, func(tx *sql.Tx) error {
		done = Applied{}
		for name, value := range map[string]string{"site": toJSON(c.Site), "topics": string(c.Topics)} {
			n, err := affected(tx.ExecContext(ctx, setSQL, name, value))
			if err != nil {
				return fmt.Errorf("store %s: %w", name, err)
			}
			done.Settings += n
		}
		for i, d := range c.Departments {
			n, err := affected(tx.ExecContext(ctx, applyDepartmentSQL, d.ID, d.Name, d.Home, toJSON(d.Topics), i))
			if err != nil {
				return fmt.Errorf("store department %s: %w", d.ID, err)
			}
			done.Departments += n
		}
		for _, s := range c.Sources {
			text := toJSON(spec{s.CMS, s.Recipe, s.FullText, s.Charset, s.CAFile})
			n, err := affected(tx.ExecContext(ctx, applySourceSQL, s.Department.ID, s.Kind, s.URL, text))
			if err != nil {
				return fmt.Errorf("store source %s: %w", s.URL, err)
			}
			done.Sources += n
		}
		if err := dropUnnamed(ctx, tx, c, &done); err != nil || done == (Applied{}) {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO counter (name, value) VALUES ('catalogue', 1) ON CONFLICT (name) DO UPDATE SET value = counter.value + 1`)
		return err
	})
	return done, err
}

// CatalogueVersion counts how often the catalogue was changed, by any process.
func (db *DB) CatalogueVersion(ctx context.Context) (int64, error) {
	var n int64
	err := db.read.QueryRowContext(ctx, `SELECT COALESCE(max(value), 0) FROM counter WHERE name = 'catalogue'`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("read the catalogue's version: %w", err)
	}
	return n, nil
}

const setSQL = `INSERT INTO setting (name, value) VALUES ($1, $2)
	ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE setting.value <> excluded.value`

const applyDepartmentSQL = `INSERT INTO department (id, name, home, topics, position, active) VALUES ($1, $2, $3, $4, $5, 1)
	ON CONFLICT (id) DO UPDATE SET name = excluded.name, home = excluded.home, topics = excluded.topics, position = excluded.position, active = 1
	WHERE department.name <> excluded.name OR department.home <> excluded.home OR department.topics <> excluded.topics
		OR department.position <> excluded.position OR department.active = 0`

// A source whose reading changed is fetched whole again: its validators go.
const applySourceSQL = `INSERT INTO source (department, kind, url, spec, active) VALUES ($1, $2, $3, $4, 1)
	ON CONFLICT (department, url) DO UPDATE SET kind = excluded.kind, spec = excluded.spec, active = 1,
		etag = '', last_modified = '', failures = 0, next_us = 0
	WHERE source.kind <> excluded.kind OR source.spec <> excluded.spec OR source.active = 0`

// dropUnnamed switches off departments and sources that c does not name.
func dropUnnamed(ctx context.Context, tx *sql.Tx, c Catalogue, done *Applied) error {
	departments := make(map[feeds.DepartmentID]bool)
	for _, d := range c.Departments {
		departments[d.ID] = true
	}
	sources := make(map[string]bool)
	for _, s := range c.Sources {
		sources[string(s.Department.ID)+" "+s.URL] = true
	}
	var dropD []feeds.DepartmentID
	var dropS []feeds.SourceID
	err := query(ctx, tx, func(rows *sql.Rows) error {
		var id feeds.DepartmentID
		if err := rows.Scan(&id); err != nil {
			return err
		}
		if !departments[id] {
			dropD = append(dropD, id)
		}
		return nil
	}, `SELECT id FROM department WHERE active = 1`)
	if err != nil {
		return fmt.Errorf("list departments: %w", err)
	}
	err = query(ctx, tx, func(rows *sql.Rows) error {
		var id feeds.SourceID
		var department, url string
		if err := rows.Scan(&id, &department, &url); err != nil {
			return err
		}
		if !sources[department+" "+url] {
			dropS = append(dropS, id)
		}
		return nil
	}, `SELECT id, department, url FROM source WHERE active = 1`)
	if err != nil {
		return fmt.Errorf("list sources: %w", err)
	}
	for _, id := range dropD {
		if _, err := tx.ExecContext(ctx, `UPDATE department SET active = 0 WHERE id = $1`, id); err != nil {
			return fmt.Errorf("switch off department %s: %w", id, err)
		}
	}
	for _, id := range dropS {
		if _, err := tx.ExecContext(ctx, `UPDATE source SET active = 0 WHERE id = $1`, id); err != nil {
			return fmt.Errorf("switch off source %d: %w", id, err)
		}
	}
	done.Removed = len(dropD) + len(dropS)
	return nil
}

// affected turns an Exec's answer into a count of rows.
func affected(res sql.Result, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// Catalogue returns what was applied last. ErrNotFound means that nothing was.
func (db *DB) Catalogue(ctx context.Context) (Catalogue, error) {
	var c Catalogue
	var site, topics string
	for name, value := range map[string]*string{"site": &site, "topics": &topics} {
		err := db.read.QueryRowContext(ctx, `SELECT value FROM setting WHERE name = $1`, name).Scan(value)
		if errors.Is(err, sql.ErrNoRows) {
			return c, ErrNotFound
		} else if err != nil {
			return c, fmt.Errorf("read %s: %w", name, err)
		}
	}
	if err := json.Unmarshal([]byte(site), &c.Site); err != nil {
		return c, fmt.Errorf("read site: %w", err)
	}
	c.Topics = json.RawMessage(topics)
	err := query(ctx, db.read, func(rows *sql.Rows) error {
		var d feeds.Department
		var leaning string
		var active bool
		if err := rows.Scan(&d.ID, &d.Name, &d.Home, &leaning, &active); err != nil {
			return err
		}
		err := json.Unmarshal([]byte(leaning), &d.Topics)
		if active {
			c.Departments = append(c.Departments, d)
		} else {
			c.Former = append(c.Former, d)
		}
		return err
	}, `SELECT id, name, home, topics, active FROM department ORDER BY position, id`)
	if err != nil {
		return c, fmt.Errorf("read departments: %w", err)
	}
	c.Addresses = make(map[feeds.SourceID]string)
	err = query(ctx, db.read, func(rows *sql.Rows) error {
		var active bool
		s, err := scanSource(rows, &active)
		c.Addresses[s.ID] = s.URL
		if active {
			c.Sources = append(c.Sources, s)
		}
		return err
	}, `SELECT `+sourceColumns+`, s.active FROM source s JOIN department d ON d.id = s.department ORDER BY s.id`)
	if err != nil {
		return c, fmt.Errorf("read sources: %w", err)
	}
	return c, nil
}
