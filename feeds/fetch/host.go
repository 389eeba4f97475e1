package fetch

import (
	"context"
	"strings"
	"sync"
	"time"
)

// hosts lets one request at a time go to a host, with a pause after each.
type hosts struct {
	pace time.Duration
	mu   sync.Mutex
	m    map[string]*gate
}

// A gate is one host's turn. The channel holds a token while the host is free.
type gate struct {
	turn chan struct{}
	free time.Time // not before; guarded by the turn
	refs int       // who waits or is inside; guarded by hosts.mu
}

func newHosts(pace time.Duration) *hosts {
	return &hosts{pace: pace, m: make(map[string]*gate)}
}

// acquire waits for the host's turn, or for the end of ctx. The caller calls
// release once when the exchange is over.
func (h *hosts) acquire(ctx context.Context, host string) (release func(), err error) {
	host = strings.ToLower(host)
	h.mu.Lock()
	g := h.m[host]
	if g == nil {
		g = &gate{turn: make(chan struct{}, 1)}
		g.turn <- struct{}{}
		h.m[host] = g
	}
	g.refs++
	h.mu.Unlock()

	select {
	case <-g.turn:
	case <-ctx.Done():
		h.drop(host, g)
		return nil, context.Cause(ctx)
	}
	if wait := time.Until(g.free); wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			g.turn <- struct{}{}
			h.drop(host, g)
			return nil, context.Cause(ctx)
		}
	}
	return func() {
		g.free = time.Now().Add(h.pace)
		g.turn <- struct{}{}
		h.drop(host, g)
	}, nil
}

// drop ends one use of g. Gates that nobody uses are forgotten once their pause
// is over, so that a crawl of many hosts does not fill memory.
func (h *hosts) drop(host string, g *gate) {
	h.mu.Lock()
	defer h.mu.Unlock()
	g.refs--
	if len(h.m) < 1024 {
		return
	}
	now := time.Now()
	for name, g := range h.m {
		if g.refs == 0 && g.free.Before(now) {
			delete(h.m, name)
		}
	}
}
