package websub

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// FuzzRead holds that a subscription request is refused, or asks for a feed of
// ours to be sent to a web address under bounded terms.
func FuzzRead(f *testing.F) {
	f.Add("hub.mode=subscribe&hub.topic=https://t.vn/a.rss&hub.callback=https://c.vn/?x%3D1&hub.lease_seconds=99999999999999999999")
	f.Add("hub.mode=unsubscribe&hub.topic=https://t.vn/a.rss&hub.callback=javascript:1")
	h := &Hub{Site: func() string { return "https://t.vn" }, Scope: func(p string) (string, bool) { return "/a", p == "/a.rss" }}
	f.Fuzz(func(t *testing.T, query string) {
		form, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		s, scope, err := h.read(form)
		if err != nil {
			return
		}
		if scope != "/a" || s.Feed != "/a.rss" || !strings.HasPrefix(s.Callback, "http") || len(s.PendingSecret) >= 200 ||
			s.PendingLease < 5*time.Minute || s.PendingLease > 30*24*time.Hour {
			t.Errorf("let through: %+v under %q", s, scope)
		}
	})
}

func TestPauseGrowsAndEnds(t *testing.T) {
	for failures, want := range map[int]time.Duration{0: time.Second, 3: 8 * time.Second, 15: 32768 * time.Second, 16: 12 * time.Hour, 1000: 12 * time.Hour} {
		if got := pause(failures); got != want {
			t.Errorf("pause after %d failures is %v, want %v", failures, got, want)
		}
	}
}
