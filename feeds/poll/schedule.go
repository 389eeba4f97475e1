package poll

import (
	"cmp"
	"errors"
	"hash/fnv"
	"time"

	"gomtin/feeds"
)

// Interval bounds how often a source is polled. Zero means 15 minutes to 24 hours.
type Interval struct{ Min, Max time.Duration }

func (i Interval) orDefault() Interval {
	i.Min = cmp.Or(i.Min, 15*time.Minute)
	i.Max = max(cmp.Or(i.Max, 24*time.Hour), i.Min)
	return i
}

// unknownRhythm is how long to wait where nothing tells how often a source
// publishes.
const unknownRhythm = time.Hour

// Next says when a source is polled again: twice as often as it publishes, not
// before its answer grows stale or the server wishes, later and later while it
// fails. Sources are spread by a hash of their address, so that the same moment
// of every hour is not everybody's.
func (i Interval) Next(src feeds.Source, out feeds.Outcome, now time.Time) time.Time {
	i = i.orDefault()
	if out.Err != nil {
		wait := i.Min
		for range min(src.Failures, 30) {
			if wait >= i.Max {
				break
			}
			wait *= 2
		}
		wait = min(wait, i.Max)
		if e, ok := errors.AsType[*feeds.Error](out.Err); ok {
			wait = max(wait, e.After)
		}
		return now.Add(wait)
	}
	if out.Partial {
		return now.Add(i.Min)
	}
	rhythm := cmp.Or(out.Rhythm, src.Rhythm, 2*unknownRhythm)
	wait := min(max(rhythm/2, i.Min, out.FreshFor), i.Max)
	return now.Add(wait - spread(src.URL, wait/10))
}

// spread returns a fixed part of most for each address.
func spread(address string, most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(address))
	return time.Duration(h.Sum64() % uint64(most))
}

// rhythmOf returns the mean time between articles of a page; zero if it shows
// fewer than two dates.
func rhythmOf(articles []feeds.Article) time.Duration {
	var oldest, newest time.Time
	dated := 0
	for _, a := range articles {
		if a.Published.IsZero() {
			continue
		}
		if dated++; dated == 1 || a.Published.Before(oldest) {
			oldest = a.Published
		}
		if a.Published.After(newest) {
			newest = a.Published
		}
	}
	if dated < 2 {
		return 0
	}
	return newest.Sub(oldest) / time.Duration(dated-1)
}
