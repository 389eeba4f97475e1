package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gomtin/feeds"
)

// extra is what of an article no query asks for.
type extra struct {
	Image      feeds.Image       `json:"image,omitzero"`
	Enclosures []feeds.Enclosure `json:"enclosures,omitempty"`
	Categories []string          `json:"categories,omitempty"`
	Numbers    []string          `json:"numbers,omitempty"`
	Topics     []feeds.Match     `json:"topics,omitempty"`
}

// articleColumns are what scanArticle reads, of article a.
const articleColumns = `a.id, a.story, a.department, a.source, a.guid, a.link, a.title, a.author, a.section, a.language, a.summary, a.content,
	a.published_us, a.updated_us, a.first_seen_us, a.revision, a.digest, a.extra`

// A stored article, with what only storage knows of it.
type stored struct {
	feeds.Article
	story  feeds.StoryID
	digest string
}

// scanArticle reads articleColumns, and then more.
func scanArticle(scan func(...any) error, more ...any) (stored, error) {
	var a stored
	var published, updated, seen int64
	var text string
	err := scan(append([]any{&a.ID, &a.story, &a.Department, &a.Source, &a.GUID, &a.Link, &a.Title, &a.Author, &a.Section, &a.Language, &a.Summary, &a.Content,
		&published, &updated, &seen, &a.Revision, &a.digest, &text}, more...)...)
	if err != nil {
		return a, err
	}
	a.Published, a.Updated, a.FirstSeen = fromUS(published), fromUS(updated), fromUS(seen)
	var x extra
	if err := json.Unmarshal([]byte(text), &x); err != nil {
		return a, fmt.Errorf("article %s: %w", a.ID, err)
	}
	a.Image, a.Enclosures, a.Categories, a.Numbers, a.Topics = x.Image, x.Enclosures, x.Categories, x.Numbers, x.Topics
	return a, nil
}

// Unread returns those of listed whose own page must be fetched: articles that
// this source has not brought yet, or of which it now says something else.
func (db *DB) Unread(ctx context.Context, src feeds.Source, listed []feeds.Article) ([]feeds.Article, error) {
	if len(listed) == 0 {
		return nil, nil
	}
	args := []any{src.ID}
	for _, a := range listed {
		args = append(args, feeds.LinkKey(a.Link))
	}
	known := make(map[string]string)
	err := query(ctx, db.read, func(rows *sql.Rows) error {
		var key, digest string
		if err := rows.Scan(&key, &digest); err != nil {
			return err
		}
		known[key] = digest
		return nil
	}, `SELECT link_key, listed FROM sighting WHERE source = $1 AND link_key IN (`+placeholders(2, len(listed))+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("look up listed articles: %w", err)
	}
	return slices.DeleteFunc(slices.Clone(listed), func(a feeds.Article) bool {
		digest, ok := known[feeds.LinkKey(a.Link)]
		return ok && digest == a.Listed
	}), nil
}

// Commit ends a poll: articles, stories, changes and the source's validators and
// next time, in one transaction. Corrected and new articles take the next numbers
// of the change sequence; an article that is stored as it is costs one look-up.
// feeds.ErrLeaseLost means that nothing was written.
func (db *DB) Commit(ctx context.Context, job feeds.Job, out feeds.Outcome) (feeds.Tally, error) {
	var tally feeds.Tally
	err := db.transact(ctx, func(tx *sql.Tx) error {
		tally = feeds.Tally{}
		if err := finishSource(ctx, tx, job, out); err != nil {
			return err
		}
		if len(out.Articles) == 0 {
			return nil
		}
		seq, err := openSequence(ctx, tx, out.At)
		if err != nil {
			return err
		}
		var have int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM article WHERE source = $1 LIMIT 1) AS one`, job.Source.ID).Scan(&have); err != nil {
			return fmt.Errorf("count the source's articles: %w", err)
		}
		seq.firstOfSource = have == 0
		before := seq.last
		for _, a := range out.Articles {
			err := db.place(ctx, seq, a, &tally)
			if err == nil {
				err = sight(ctx, tx, a, out.At)
			}
			if err != nil {
				return fmt.Errorf("store article %.200s: %w", a.Link, err)
			}
		}
		if seq.last == before {
			return nil
		}
		return seq.close(ctx)
	})
	if err != nil {
		return feeds.Tally{}, fmt.Errorf("commit poll of %s: %w", job.Source.URL, err)
	}
	return tally, nil
}

// place stores one article: as new, as a correction of one that is there, or not
// at all if nothing visible differs.
func (db *DB) place(ctx context.Context, seq *sequence, a feeds.Article, tally *feeds.Tally) error {
	a.ID = feeds.NewArticleID(a.Department, a.Identity)
	old, err := db.same(ctx, seq.tx, a)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return db.found(ctx, seq, a, tally)
	case err != nil:
		return fmt.Errorf("look up: %w", err)
	}
	if old.digest == a.Digest() {
		return nil
	}
	first, err := firstSight(ctx, seq.tx, a)
	if err != nil {
		return err
	}
	owned := false // by another source, which then is the one to correct it
	if old.Source != a.Source {
		if owned, err = polled(ctx, seq.tx, old.Source); err != nil {
			return err
		}
	}
	switch {
	case first && (old.Source == a.Source || fuller(a, old.Article)): // its page has been read: that corrects nothing
		a = completed(old.Article, a)
	case owned:
		return nil
	default:
		a = corrected(old.Article, a, seq.at)
		tally.Corrected++
	}
	if err := updateArticle(ctx, seq.tx, a); err != nil {
		return err
	}
	return db.settle(ctx, seq, old.story, feeds.ChangeCorrected)
}

// polled reports whether a source is still in the catalogue.
func polled(ctx context.Context, tx *sql.Tx, id feeds.SourceID) (active bool, err error) {
	if err := tx.QueryRowContext(ctx, `SELECT active FROM source WHERE id = $1`, id).Scan(&active); err != nil {
		return false, fmt.Errorf("look for source %d: %w", id, err)
	}
	return active, nil
}

// firstSight reports whether a comes with its own page's text for the first time
// from its source.
func firstSight(ctx context.Context, tx *sql.Tx, a feeds.Article) (bool, error) {
	if a.Listed == "" {
		return false, nil
	}
	var n int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM sighting WHERE source = $1 AND link_key = $2`, a.Source, feeds.LinkKey(a.Link)).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look for sighting: %w", err)
	}
	return n == 0, nil
}

// completed is a with the times and the revision of old.
func completed(old, a feeds.Article) feeds.Article {
	a.ID, a.Published, a.Updated, a.FirstSeen, a.Revision = old.ID, old.Published, old.Updated, old.FirstSeen, old.Revision
	return a
}

// fuller reports whether a is worth taking over from the source that brought old:
// a page's text against a feed's lead. Otherwise each source would correct the
// other at every poll.
func fuller(a, old feeds.Article) bool {
	return len(a.Content.Text()) > 2*len(old.Content.Text())
}

// sight notes what the source said of an article whose page was read, and when the
// page is to be read again.
func sight(ctx context.Context, tx *sql.Tx, a feeds.Article, now time.Time) error {
	if a.Listed == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO sighting (source, link_key, listed, next_us) VALUES ($1, $2, $3, $4)
		ON CONFLICT (source, link_key) DO UPDATE SET listed = excluded.listed, next_us = excluded.next_us`,
		a.Source, feeds.LinkKey(a.Link), a.Listed, us(readAgain(a.Published, now)))
	if err != nil {
		return fmt.Errorf("note sighting: %w", err)
	}
	return nil
}

// readAgain is when a page that was read now is read again to see whether it was
// corrected: after an hour at first, ever later, and after 30 days never (zero).
func readAgain(published, now time.Time) time.Time {
	age := max(now.Sub(published), 0)
	if published.IsZero() {
		age = 0
	}
	if age > 30*24*time.Hour {
		return time.Time{}
	}
	return now.Add(max(time.Hour, age/4))
}

// ReadAgain returns up to limit articles of a source whose pages are due to be read
// again at now, with what is stored of them.
func (db *DB) ReadAgain(ctx context.Context, src feeds.Source, now time.Time, limit int) ([]feeds.Article, error) {
	var due []feeds.Article
	err := query(ctx, db.read, func(rows *sql.Rows) error {
		var listed string
		a, err := scanArticle(rows.Scan, &listed)
		a.Listed, a.Identity = listed, "link:"+feeds.LinkKey(a.Link)
		due = append(due, a.Article)
		return err
	}, `SELECT `+articleColumns+`, g.listed FROM sighting g JOIN article a ON a.department = $2 AND a.link_key = g.link_key AND a.source = g.source
		WHERE g.source = $1 AND g.next_us > 0 AND g.next_us <= $3 ORDER BY g.next_us, g.link_key LIMIT $4`, src.ID, src.Department.ID, us(now), limit)
	if err != nil {
		return nil, fmt.Errorf("look for pages to read again: %w", err)
	}
	return due, nil
}

// ownLink is the key of a link that is the article's own; empty if others have it.
func ownLink(a feeds.Article) string {
	key, _ := strings.CutPrefix(a.Identity, "link:")
	if key == a.Identity {
		return ""
	}
	return key
}

// same finds the stored article that a is: by its id, by the link that it has now,
// or by the guid within its source if it also reads like it, since sources give
// guids to other articles.
func (db *DB) same(ctx context.Context, tx *sql.Tx, a feeds.Article) (stored, error) {
	old, err := scanArticle(tx.QueryRowContext(ctx, `SELECT `+articleColumns+` FROM article a WHERE a.id = $1`, a.ID).Scan)
	if key := ownLink(a); key != "" && errors.Is(err, sql.ErrNoRows) {
		old, err = scanArticle(tx.QueryRowContext(ctx, `SELECT `+articleColumns+` FROM article a WHERE a.department = $1 AND a.link_key = $2 ORDER BY a.id LIMIT 1`, a.Department, key).Scan)
	}
	if !errors.Is(err, sql.ErrNoRows) || a.GUID == "" {
		return old, err
	}
	old, err = scanArticle(tx.QueryRowContext(ctx, `SELECT `+articleColumns+` FROM article a WHERE a.source = $1 AND a.guid = $2 ORDER BY a.first_seen_us DESC, a.id LIMIT 1`, a.Source, a.GUID).Scan)
	if err == nil && db.opts.SameArticle != nil && !db.opts.SameArticle(old.Article, a) {
		return old, sql.ErrNoRows
	}
	return old, err
}

// corrected is a with what never changes taken from old. Its updated is the
// source's own if that lies between the last one and now, else now.
func corrected(old, a feeds.Article, now time.Time) feeds.Article {
	a.ID, a.Published, a.FirstSeen = old.ID, old.Published, old.FirstSeen
	a.Revision = old.Revision + 1
	if !a.Updated.After(old.Updated) || a.Updated.After(now) {
		a.Updated = now
	}
	if a.Updated.Before(old.Updated) { // the clock was set back
		a.Updated = old.Updated
	}
	return a
}

// truthful sets the times of a new article: an undated one was published when it
// was first seen, and nothing is in the future or updated before it was published.
func truthful(a feeds.Article, now time.Time) feeds.Article {
	a.FirstSeen, a.Revision = now, 1
	if a.Published.IsZero() || a.Published.After(now) {
		a.Published = now
	}
	if a.Updated.Before(a.Published) || a.Updated.After(now) {
		a.Updated = a.Published
	}
	return a
}

func articleValues(a feeds.Article) []any {
	return []any{a.ID, a.Department, a.Source, a.GUID, a.Link, ownLink(a), a.Title, a.Author, a.Section, a.Language, a.Summary, a.Content,
		us(a.Published), us(a.Updated), us(a.FirstSeen), a.Revision, a.Digest(),
		toJSON(extra{a.Image, a.Enclosures, a.Categories, a.Numbers, a.Topics})}
}

func insertArticle(ctx context.Context, tx *sql.Tx, a feeds.Article, story feeds.StoryID) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO article (id, department, source, guid, link, link_key, title, author, section, language, summary, content,
		published_us, updated_us, first_seen_us, revision, digest, extra, story)
		VALUES (`+placeholders(1, 19)+`)`, append(articleValues(a), story)...)
	if err != nil {
		return fmt.Errorf("insert: %w", err)
	}
	return storeBands(ctx, tx, a)
}

func updateArticle(ctx context.Context, tx *sql.Tx, a feeds.Article) error {
	_, err := tx.ExecContext(ctx, `UPDATE article SET department = $2, source = $3, guid = $4, link = $5, link_key = $6, title = $7, author = $8,
		section = $9, language = $10, summary = $11, content = $12, published_us = $13, updated_us = $14, first_seen_us = $15, revision = $16,
		digest = $17, extra = $18 WHERE id = $1`, articleValues(a)...)
	if err != nil {
		return fmt.Errorf("update: %w", err)
	}
	return storeBands(ctx, tx, a)
}
