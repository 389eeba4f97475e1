package poll

import (
	"io"
	"testing"
	"time"

	"gomtin/feeds"
)

func TestNext(t *testing.T) {
	now := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	failed := func(failures int, err error) (feeds.Source, feeds.Outcome) {
		return feeds.Source{URL: "http://a.vn", Failures: failures}, feeds.Outcome{Err: err}
	}
	tests := []struct {
		name     string
		interval Interval
		src      feeds.Source
		out      feeds.Outcome
		least    time.Duration
		most     time.Duration
	}{
		{"nothing is known", Interval{}, feeds.Source{}, feeds.Outcome{}, 54 * time.Minute, time.Hour},
		{"twice as often as it publishes", Interval{}, feeds.Source{}, feeds.Outcome{Rhythm: 4 * time.Hour}, 108 * time.Minute, 2 * time.Hour},
		{"the rhythm is remembered when nothing is new", Interval{}, feeds.Source{Rhythm: 4 * time.Hour}, feeds.Outcome{NotModified: true}, 108 * time.Minute, 2 * time.Hour},
		{"never more often than the least", Interval{}, feeds.Source{}, feeds.Outcome{Rhythm: time.Minute}, 13 * time.Minute, 15 * time.Minute},
		{"never more seldom than the most", Interval{}, feeds.Source{}, feeds.Outcome{Rhythm: 1000 * time.Hour}, 21 * time.Hour, 24 * time.Hour},
		{"not before the answer grows stale", Interval{}, feeds.Source{}, feeds.Outcome{Rhythm: time.Minute, FreshFor: 3 * time.Hour}, 160 * time.Minute, 3 * time.Hour},
		{"soon, if something is still to be read", Interval{}, feeds.Source{}, feeds.Outcome{Partial: true, Rhythm: 4 * time.Hour}, 15 * time.Minute, 15 * time.Minute},
		{"the catalogue's own bounds", Interval{Min: time.Second, Max: time.Second}, feeds.Source{}, feeds.Outcome{}, 900 * time.Millisecond, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.interval.Next(tt.src, tt.out, now).Sub(now); got < tt.least || got > tt.most {
				t.Errorf("next after %v, want between %v and %v", got, tt.least, tt.most)
			}
		})
	}
	faults := []struct {
		name     string
		failures int
		err      error
		want     time.Duration
	}{
		{"the first failure", 0, io.EOF, 15 * time.Minute},
		{"the third failure in a row", 2, io.EOF, time.Hour},
		{"a failure that lasts", 40, io.EOF, 24 * time.Hour},
		{"the server asks for more", 0, &feeds.Error{After: 2 * time.Hour, Err: io.EOF}, 2 * time.Hour},
		{"the server asks for less", 2, &feeds.Error{After: time.Second, Err: io.EOF}, time.Hour},
	}
	for _, tt := range faults {
		t.Run(tt.name, func(t *testing.T) {
			src, out := failed(tt.failures, tt.err)
			if got := (Interval{}).Next(src, out, now).Sub(now); got != tt.want {
				t.Errorf("next after %v, want %v", got, tt.want)
			}
		})
	}
}

// TestSpread holds that sources are not all polled at the same moment.
func TestSpread(t *testing.T) {
	now := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	seen := make(map[time.Time]bool)
	for _, u := range []string{"http://a.vn", "http://b.vn", "http://c.vn", "http://d.vn"} {
		at := Interval{}.Next(feeds.Source{URL: u}, feeds.Outcome{}, now)
		if again := (Interval{}).Next(feeds.Source{URL: u}, feeds.Outcome{}, now); !again.Equal(at) {
			t.Errorf("%s is next at %v, then at %v: want always the same", u, at, again)
		}
		seen[at] = true
	}
	if len(seen) != 4 {
		t.Errorf("4 sources share %d moments", len(seen))
	}
}
