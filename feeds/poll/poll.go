// Package poll conducts the inward trip: claim a due source, fetch its page,
// extract its articles, classify them, commit. Read [Runner.One] first.
package poll

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"gomtin/feeds"
	"gomtin/feeds/curate"
	"gomtin/feeds/extract"
)

// A Fetcher gets pages; *fetch.Client is the real one. Its errors are
// [*feeds.Error]s.
type Fetcher interface {
	Fetch(ctx context.Context, r feeds.Request) (*feeds.Page, error)
}

// A Store is what polling needs of a database; *storage.DB is the real one.
type Store interface {
	// Claim leases up to limit sources that are due at now.
	Claim(ctx context.Context, now time.Time, limit int, ttl time.Duration) ([]feeds.Job, error)
	// Release ends the lease of a job that was not done.
	Release(ctx context.Context, job feeds.Job) error
	// NextDue returns when the next source is due; ok is false if there is none.
	NextDue(ctx context.Context) (at time.Time, ok bool, err error)
	// Unread returns those of listed whose own page must be fetched.
	Unread(ctx context.Context, src feeds.Source, listed []feeds.Article) ([]feeds.Article, error)
	// ReadAgain returns articles of a source whose pages are due to be read again.
	ReadAgain(ctx context.Context, src feeds.Source, now time.Time, limit int) ([]feeds.Article, error)
	// Commit ends a poll, all of it in one transaction; feeds.ErrLeaseLost means
	// that nothing was written.
	Commit(ctx context.Context, job feeds.Job, out feeds.Outcome) (feeds.Tally, error)
}

// A Runner polls sources. Set its fields before the first call; its methods are
// safe for concurrent use.
type Runner struct {
	Store   Store
	Fetcher Fetcher
	Topics  func() *curate.Classifier // asked at each poll, since rules change while we run
	Log     *slog.Logger              // nil: silent
	Done    func(Report)              // called after each poll; may be nil

	Workers  int           // polls at a time; default 4
	Lease    time.Duration // how long one poll may take, and a dead machine's sources wait; default 2m
	Interval Interval
}

// A Report is what came of one poll.
type Report struct {
	Source      feeds.Source
	NotModified bool
	Listed      int // articles that the page shows
	Tally       feeds.Tally
	Err         error // the poll failed
	Lost        error // the poll went well, but for these items
	Took        time.Duration
}

// mostPages is how many article pages one poll fetches; the rest waits for the
// next, so that a long listing does not hold its host.
const mostPages = 30

// Round polls every source that is due now and returns when all are done. The
// error is the database's or the context's; a source's failure is in its report.
func (r *Runner) Round(ctx context.Context) error {
	started := time.Now()
	return r.work(ctx, func(ctx context.Context) (bool, error) {
		done, err := r.claimOne(ctx, started)
		return done, err
	})
}

// Run polls until ctx is done, and then returns nil. While the database fails it
// waits and tries again; nothing is lost, since what is due stays due.
func (r *Runner) Run(ctx context.Context) error {
	err := r.work(ctx, func(ctx context.Context) (bool, error) {
		done, err := r.claimOne(ctx, time.Now())
		if err == nil && !done {
			err = r.idle(ctx)
		}
		if err != nil && ctx.Err() == nil {
			if r.Log != nil {
				r.Log.ErrorContext(ctx, "database failed; polling waits", slog.Any("err", err))
			}
			pause(ctx, afterFailure)
		}
		return true, nil
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// afterFailure is how long polling waits when the database fails.
const afterFailure = 5 * time.Second

// pause waits for d or for the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// work lets the workers call step until it says that nothing is left, fails, or
// ctx is done.
func (r *Runner) work(ctx context.Context, step func(context.Context) (more bool, err error)) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	for range cmp.Or(r.Workers, 4) {
		wg.Go(func() {
			for more := true; more && ctx.Err() == nil; {
				var err error
				if more, err = step(ctx); err != nil {
					stop(err)
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// claimOne polls one source that was due at now; done is false if none was.
func (r *Runner) claimOne(ctx context.Context, now time.Time) (done bool, err error) {
	jobs, err := r.Store.Claim(ctx, now, 1, cmp.Or(r.Lease, 2*time.Minute))
	if err != nil || len(jobs) == 0 {
		return false, err
	}
	for _, job := range jobs {
		report, err := r.One(ctx, job)
		if err != nil {
			return true, err
		}
		if r.Done != nil {
			r.Done(report)
		}
	}
	return true, nil
}

// idle waits until a source is due, looking again every few seconds because other
// processes may add some.
func (r *Runner) idle(ctx context.Context) error {
	const longest, shortest = 5 * time.Second, 100 * time.Millisecond
	at, ok, err := r.Store.NextDue(ctx)
	if err != nil {
		return err
	}
	wait := longest
	if ok {
		wait = min(max(time.Until(at), shortest), longest)
	}
	pause(ctx, wait)
	return nil
}

// One polls one claimed source. The error is the database's: what went wrong at
// the source is in the report and in the source's row. A job that the context cut
// short is released, not recorded as a failure of the source.
func (r *Runner) One(ctx context.Context, job feeds.Job) (Report, error) {
	started := time.Now()
	// A quarter of the lease is left for the commit: who fetched up to its end would
	// find the source claimed by the next.
	limit := time.Until(job.Lease.Until) * 3 / 4
	fetchCtx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the poll took longer than %v", limit.Round(time.Second)))
	defer cancel()
	out, report := r.outcome(fetchCtx, job.Source)
	if ctx.Err() != nil {
		err := r.Store.Release(context.WithoutCancel(ctx), job)
		return report, errors.Join(context.Cause(ctx), err)
	}
	out.Next = r.Interval.Next(job.Source, out, out.At)
	tally, err := r.Store.Commit(ctx, job, out)
	if err != nil && !errors.Is(err, feeds.ErrLeaseLost) && ctx.Err() == nil {
		// Perhaps the database can't hold what the source sent: then that is the
		// source's failure, and it must not come again at once.
		failed := feeds.Outcome{At: out.At, Err: err}
		failed.Next = r.Interval.Next(job.Source, failed, out.At)
		if _, again := r.Store.Commit(ctx, job, failed); again == nil {
			report.Err, err = err, nil
		}
	}
	report.Tally, report.Took = tally, time.Since(started)
	switch {
	case errors.Is(err, feeds.ErrLeaseLost):
		report.Err = err
	case err != nil:
		return report, err
	}
	r.log(ctx, report)
	return report, nil
}

// outcome fetches and reads, and touches no database but to ask what is new.
func (r *Runner) outcome(ctx context.Context, src feeds.Source) (feeds.Outcome, Report) {
	report := Report{Source: src}
	out := feeds.Outcome{At: time.Now(), Validators: src.Validators}
	fail := func(err error) (feeds.Outcome, Report) {
		out.Err, report.Err = err, err
		return out, report
	}
	page, err := r.Fetcher.Fetch(ctx, feeds.Request{URL: src.URL, Validators: src.Validators, CAFile: src.CAFile, Robots: src.Kind == feeds.KindList})
	if err != nil {
		return fail(err)
	}
	out.FreshFor = page.FreshFor
	if page.Validators != (feeds.Validators{}) {
		out.Validators = page.Validators
	} else if !page.NotModified {
		out.Validators = feeds.Validators{}
	}
	if page.NotModified {
		out.NotModified, report.NotModified = true, true
		again, err := r.readAgain(ctx, src, out.At)
		if err != nil {
			return fail(err)
		}
		out.Articles = r.curate(src, again)
		return out, report
	}
	doc, err := extract.Read(src, page)
	if err != nil {
		return fail(err)
	}
	report.Listed = len(doc.Articles)
	out.Rhythm = rhythmOf(doc.Articles)
	articles, lost := doc.Articles, doc.Lost
	if src.FullText || src.Kind == feeds.KindList {
		var missing []error
		articles, missing, out.Partial, err = r.complete(ctx, src, doc.Articles)
		if err != nil {
			return fail(err)
		}
		if out.Partial {
			out.Validators = feeds.Validators{} // ask for the whole page again
		}
		lost = append(lost, missing...)
		again, err := r.readAgain(ctx, src, out.At)
		if err != nil {
			return fail(err)
		}
		articles = append(articles, again...)
	}
	out.Articles = r.curate(src, articles)
	report.Lost = errors.Join(lost...)
	return out, report
}

// complete fetches the pages of articles that are new or listed otherwise than
// before. What a page does not give stays as the list has it; missing tells which
// pages could not be read, again that they must be tried again.
func (r *Runner) complete(ctx context.Context, src feeds.Source, listed []feeds.Article) (full []feeds.Article, missing []error, again bool, err error) {
	unread, err := r.Store.Unread(ctx, src, listed)
	if err != nil {
		return nil, nil, false, err
	}
	for i, a := range unread {
		if i == mostPages {
			missing, again = append(missing, fmt.Errorf("%d more articles wait for the next poll", len(unread)-i)), true
			break
		}
		page, err := r.Fetcher.Fetch(ctx, feeds.Request{URL: a.Link, CAFile: src.CAFile, Robots: true})
		if err == nil {
			a, err = extract.Complete(src, page, a)
		}
		switch feeds.FaultOf(err) {
		case feeds.Malformed, feeds.Refused: // as the list has it
		case feeds.Gone:
			if src.Kind == feeds.KindList {
				missing = append(missing, err)
				continue // a dead link is no article; a feed says more than a link
			}
		case feeds.Transient, feeds.Throttled:
			missing, again = append(missing, err), true
			if ctx.Err() != nil {
				return full, missing, again, nil
			}
			if src.Kind == feeds.KindList {
				continue
			}
			a.Listed = "" // published as the feed has it, and read again
		}
		full = append(full, a)
	}
	return full, missing, again, nil
}

// mostAgain is how many pages one poll reads again.
const mostAgain = 5

// readAgain fetches pages that were read before, to see corrections that the list
// does not show. One that can't be had comes back as it is stored.
func (r *Runner) readAgain(ctx context.Context, src feeds.Source, now time.Time) ([]feeds.Article, error) {
	due, err := r.Store.ReadAgain(ctx, src, now, mostAgain)
	if err != nil {
		return nil, err
	}
	for i, stored := range due {
		page, err := r.Fetcher.Fetch(ctx, feeds.Request{URL: stored.Link, CAFile: src.CAFile, Robots: true})
		if err != nil {
			continue
		}
		fresh := stored
		fresh.Content, fresh.Enclosures = "", nil
		if fresh, err = extract.Complete(src, page, fresh); err == nil {
			due[i] = fresh
		}
	}
	return due, nil
}

// curate gives each article its topics and fingerprint.
func (r *Runner) curate(src feeds.Source, articles []feeds.Article) []feeds.Article {
	classifier := r.Topics()
	for i := range articles {
		a := &articles[i]
		a.Topics = classifier.Topics(*a, src.Department.Topics)
		a.Fingerprint = curate.FingerprintOf(*a)
	}
	return articles
}

func (r *Runner) log(ctx context.Context, report Report) {
	if r.Log == nil {
		return
	}
	attrs := []slog.Attr{
		slog.String("department", string(report.Source.Department.ID)), slog.Int64("source", int64(report.Source.ID)),
		slog.Int("new", report.Tally.New), slog.Int("corrected", report.Tally.Corrected), slog.Bool("not_modified", report.NotModified),
		slog.Duration("took", report.Took),
	}
	level := slog.LevelDebug
	if err := errors.Join(report.Err, report.Lost); err != nil {
		level, attrs = slog.LevelWarn, append(attrs, slog.Any("err", err))
	} else if report.Tally != (feeds.Tally{}) {
		level = slog.LevelInfo
	}
	r.Log.LogAttrs(ctx, level, "source polled", attrs...)
}
