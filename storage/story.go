package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gomtin/feeds"
)

// settling is how long after a story was founded its lead may still change, to a
// copy that was published earlier and comes with the first articles of its source:
// when a database is filled, polls bring copies in any order. Otherwise the entry's
// id stands, and no department can take an entry over by an early date.
const settling = time.Hour

// bands makes keys of a fingerprint's bands.
func bands(f feeds.Fingerprint) []int64 {
	keys := make([]int64, len(f))
	for i, band := range f {
		keys[i] = int64(i)<<32 | int64(band)
	}
	return keys
}

// storeBands replaces the article's bands.
func storeBands(ctx context.Context, tx *sql.Tx, a feeds.Article) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM band WHERE article = $1`, a.ID); err != nil {
		return fmt.Errorf("clear bands: %w", err)
	}
	if a.Fingerprint == (feeds.Fingerprint{}) {
		return nil
	}
	for _, key := range bands(a.Fingerprint) {
		if _, err := tx.ExecContext(ctx, `INSERT INTO band (key, published_us, article) VALUES ($1, $2, $3)`, key, us(a.Published), a.ID); err != nil {
			return fmt.Errorf("insert band: %w", err)
		}
	}
	return nil
}

// found stores a new article, in the story that it tells or in one of its own.
func (db *DB) found(ctx context.Context, seq *sequence, a feeds.Article, tally *feeds.Tally) error {
	a = truthful(a, seq.at)
	story, err := db.tells(ctx, seq.tx, a)
	if err != nil {
		return err
	}
	kind := feeds.ChangeMerged
	if story == 0 {
		kind = feeds.ChangeNew
		err := seq.tx.QueryRowContext(ctx, `INSERT INTO story (lead, published_us, founded_us, change_id, changed_us) VALUES ($1, $2, $3, 0, 0) RETURNING id`,
			a.ID, us(a.Published), us(seq.at)).Scan(&story)
		if err != nil {
			return fmt.Errorf("found a story: %w", err)
		}
	} else {
		tally.Merged++
	}
	tally.New++
	if err := insertArticle(ctx, seq.tx, a, story); err != nil {
		return err
	}
	if kind == feeds.ChangeMerged && seq.firstOfSource {
		if err := chooseLead(ctx, seq, story); err != nil {
			return err
		}
	}
	return db.settle(ctx, seq, story, kind)
}

// chooseLead gives a story that is still settling the copy that was published
// first.
func chooseLead(ctx context.Context, seq *sequence, story feeds.StoryID) error {
	_, err := seq.tx.ExecContext(ctx, `UPDATE story SET lead = (SELECT id FROM article WHERE story = $1 ORDER BY published_us, id LIMIT 1)
		WHERE id = $1 AND founded_us > $2`, story, us(seq.at.Add(-settling)))
	if err != nil {
		return fmt.Errorf("choose the lead of story %d: %w", story, err)
	}
	return nil
}

// tells returns the story that another department's article near a tells too; 0
// if there is none.
func (db *DB) tells(ctx context.Context, tx *sql.Tx, a feeds.Article) (feeds.StoryID, error) {
	if db.opts.SameStory == nil || a.Fingerprint == (feeds.Fingerprint{}) {
		return 0, nil
	}
	var near []stored
	args := []any{us(a.Published.Add(-db.opts.Window)), us(a.Published.Add(db.opts.Window)), a.Department}
	for _, key := range bands(a.Fingerprint) {
		args = append(args, key)
	}
	err := query(ctx, tx, func(rows *sql.Rows) error {
		b, err := scanArticle(rows.Scan)
		near = append(near, b)
		return err
	}, `SELECT `+articleColumns+` FROM article a WHERE a.department <> $3 AND a.id IN (
			SELECT article FROM band WHERE key IN (`+placeholders(4, len(a.Fingerprint))+`) AND published_us BETWEEN $1 AND $2)
		ORDER BY a.published_us, a.id LIMIT 50`, args...)
	if err != nil {
		return 0, fmt.Errorf("look for copies: %w", err)
	}
	for _, b := range near {
		if db.opts.SameStory(a, b.Article) {
			return b.story, nil
		}
	}
	return 0, nil
}

// settle makes a story's places in feeds follow from its lead and its copies, and
// records the change.
func (db *DB) settle(ctx context.Context, seq *sequence, story feeds.StoryID, kind feeds.ChangeKind) error {
	a, err := scanArticle(seq.tx.QueryRowContext(ctx, `SELECT `+articleColumns+` FROM story st JOIN article a ON a.id = st.lead WHERE st.id = $1`, story).Scan)
	if err != nil {
		return fmt.Errorf("lead of story %d: %w", story, err)
	}
	departments, err := column[feeds.DepartmentID](ctx, seq.tx, `SELECT DISTINCT department FROM article WHERE story = $1`, story)
	if err != nil {
		return fmt.Errorf("departments of story %d: %w", story, err)
	}
	for _, text := range []string{`DELETE FROM story_topic WHERE story = $1`, `DELETE FROM story_department WHERE story = $1`} {
		if _, err := seq.tx.ExecContext(ctx, text, story); err != nil {
			return fmt.Errorf("clear places of story %d: %w", story, err)
		}
	}
	if _, err := seq.tx.ExecContext(ctx, `UPDATE story SET published_us = $2 WHERE id = $1`, story, us(a.Published)); err != nil {
		return fmt.Errorf("date story %d: %w", story, err)
	}
	for _, m := range a.Topics {
		_, err := seq.tx.ExecContext(ctx, `INSERT INTO story_topic (topic, published_us, lead, story) VALUES ($1, $2, $3, $4)`, m.Topic, us(a.Published), a.ID, story)
		if err != nil {
			return fmt.Errorf("place story %d under %s: %w", story, m.Topic, err)
		}
	}
	for _, d := range departments {
		_, err := seq.tx.ExecContext(ctx, `INSERT INTO story_department (department, published_us, lead, story) VALUES ($1, $2, $3, $4)`, d, us(a.Published), a.ID, story)
		if err != nil {
			return fmt.Errorf("place story %d at %s: %w", story, d, err)
		}
	}
	return seq.record(ctx, story, kind)
}

// A Scope says which stories: of a topic, of a department, or all if it is zero.
type Scope struct {
	Topic      feeds.TopicID
	Department feeds.DepartmentID
}

// Latest returns the n newest stories of a scope, newest first; those of one time
// in the order of their leads' ids, so that every machine gives the same. Its
// cost does not depend on how much is stored.
func (db *DB) Latest(ctx context.Context, s Scope, n int) ([]feeds.Story, error) {
	from, args := `story st`, []any{n}
	switch {
	case s.Topic != "":
		from, args = `story_topic p JOIN story st ON st.id = p.story AND p.topic = $2`, append(args, s.Topic)
	case s.Department != "":
		from, args = `story_department p JOIN story st ON st.id = p.story AND p.department = $2`, append(args, s.Department)
	}
	order := `st.published_us DESC, st.lead`
	if len(args) > 1 {
		order = `p.published_us DESC, p.lead`
	}
	stories, err := db.stories(ctx, `SELECT `+articleColumns+`, st.id, st.change_id, st.changed_us FROM `+from+` JOIN article a ON a.id = st.lead ORDER BY `+order+` LIMIT $1`, args...)
	if err != nil {
		return nil, fmt.Errorf("latest stories: %w", err)
	}
	return stories, nil
}

// Story returns the story in which the article stands. ErrNotFound if there is no
// such article.
func (db *DB) Story(ctx context.Context, id feeds.ArticleID) (feeds.Story, error) {
	stories, err := db.stories(ctx, `SELECT `+articleColumns+`, st.id, st.change_id, st.changed_us FROM article me
		JOIN story st ON st.id = me.story JOIN article a ON a.id = st.lead WHERE me.id = $1`, id)
	if err != nil {
		return feeds.Story{}, fmt.Errorf("read article %s: %w", id, err)
	}
	if len(stories) == 0 {
		return feeds.Story{}, fmt.Errorf("article %s: %w", id, ErrNotFound)
	}
	return stories[0], nil
}

// stories runs a query for leads with their stories and adds the other copies.
func (db *DB) stories(ctx context.Context, text string, args ...any) ([]feeds.Story, error) {
	var all []feeds.Story
	at := make(map[feeds.StoryID]int)
	var ids []any
	err := query(ctx, db.read, func(rows *sql.Rows) error {
		var s feeds.Story
		var changed int64
		lead, err := scanArticle(rows.Scan, &s.ID, &s.Change, &changed)
		s.Lead, s.Changed = lead.Article, fromUS(changed)
		at[s.ID] = len(all)
		ids = append(ids, s.ID)
		all = append(all, s)
		return err
	}, text, args...)
	if err != nil || len(ids) == 0 {
		return all, err
	}
	err = query(ctx, db.read, func(rows *sql.Rows) error {
		b, err := scanArticle(rows.Scan)
		if err != nil {
			return err
		}
		s := &all[at[b.story]]
		if b.ID != s.Lead.ID {
			b.Content = ""
			s.Others = append(s.Others, b.Article)
		}
		return nil
	}, `SELECT `+articleColumns+` FROM article a WHERE a.story IN (`+placeholders(1, len(ids))+`) ORDER BY a.published_us, a.id`, ids...)
	return all, err
}

// Counts are the totals of what is stored.
type Counts struct{ Articles, Stories, Topics, Departments int }

// Counts counts articles, stories, topics with stories, departments with stories.
func (db *DB) Counts(ctx context.Context) (Counts, error) {
	var c Counts
	err := db.read.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM article), (SELECT count(*) FROM story),
		(SELECT count(DISTINCT topic) FROM story_topic), (SELECT count(DISTINCT department) FROM story_department)`).
		Scan(&c.Articles, &c.Stories, &c.Topics, &c.Departments)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return c, fmt.Errorf("count: %w", err)
	}
	return c, nil
}
