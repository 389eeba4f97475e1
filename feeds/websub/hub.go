// Package websub pushes: a hub after the W3C Recommendation WebSub (23 January
// 2018) that sends a feed to its subscribers when it has changed.
//
// Subscriptions are rows in the database; what was confirmed and what was sent
// survives the process. Read [Hub.ServeHTTP] and [Hub.Run] first.
package websub

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"gomtin/feeds"
)

// A Store is what the hub needs of a database; *storage.DB is the real one.
type Store interface {
	// RequestSubscription notes what a subscriber asks for, to be confirmed.
	RequestSubscription(ctx context.Context, s feeds.Subscription, scope string) error
	// PushDue reports whether ClaimPush would find something.
	PushDue(ctx context.Context, now time.Time) (bool, error)
	// ClaimPush leases one subscription that something is to be done for.
	ClaimPush(ctx context.Context, now time.Time, ttl time.Duration) (s feeds.Subscription, ok bool, err error)
	// The rest end a claim; feeds.ErrLeaseLost means that nothing was changed.
	Confirm(ctx context.Context, s feeds.Subscription) error
	Deny(ctx context.Context, s feeds.Subscription) error
	Delivered(ctx context.Context, s feeds.Subscription) error
	Undelivered(ctx context.Context, s feeds.Subscription, next time.Time) error
	Unsubscribe(ctx context.Context, s feeds.Subscription) error
}

// A Client sends requests to callbacks, which are addresses from outside;
// *fetch.Client guards them.
type Client interface {
	Do(req *http.Request) (*http.Response, error)
}

// A Hub serves subscribers and sends to them. Set its fields before use; its
// methods are safe for concurrent use.
type Hub struct {
	Store  Store
	Client Client
	Site   func() string // the public address, without a trailing slash
	// Scope returns where a feed's changes are counted; ok is false for a path that
	// is no feed of ours.
	Scope func(path string) (scope string, ok bool)
	// Feed returns a feed as it is sent, with every change that was committed before
	// the call.
	Feed func(ctx context.Context, path string) (mediaType string, body []byte, err error)
	Log  *slog.Logger // nil: silent

	Workers int           // pushes at a time; default 4
	Timeout time.Duration // of one exchange with a callback; default 10s
}

// The bounds of a subscription's lease (WebSub, 5.1: the hub's own).
const (
	leastLease   = 5 * time.Minute
	defaultLease = 10 * 24 * time.Hour
	mostLease    = 30 * 24 * time.Hour
	mostSecret   = 200 // bytes; WebSub, 5.1
	mostTries    = 20  // in a row, with growing pauses: about a week
)

// ServeHTTP takes requests to subscribe and unsubscribe (WebSub, 5.1). It answers
// 202 and asks the callback afterwards.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "This is a WebSub hub: send a subscription as a POST form (hub.mode, hub.topic, hub.callback).", http.StatusMethodNotAllowed)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form can't be read: "+err.Error(), http.StatusBadRequest)
		return
	}
	s, scope, err := h.read(r.PostForm)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := h.Store.RequestSubscription(r.Context(), s, scope); err != nil {
		h.log(r.Context(), slog.LevelError, "subscription could not be noted", s, err)
		http.Error(w, "the hub can't note the subscription now; try again later", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// read checks a subscription request.
func (h *Hub) read(form url.Values) (s feeds.Subscription, scope string, err error) {
	s.Pending = form.Get("hub.mode")
	if s.Pending != "subscribe" && s.Pending != "unsubscribe" {
		return s, "", fmt.Errorf("hub.mode %q: write subscribe or unsubscribe", s.Pending)
	}
	path, ours := strings.CutPrefix(form.Get("hub.topic"), h.Site())
	scope, ok := h.Scope(path)
	if !ours || !ok {
		return s, "", fmt.Errorf("hub.topic %q is no feed of this hub", form.Get("hub.topic"))
	}
	s.Feed = path
	u, err := url.Parse(form.Get("hub.callback"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Fragment != "" || u.User != nil || len(u.String()) > 2000 {
		return s, "", fmt.Errorf("hub.callback %q: write an http or https address", form.Get("hub.callback"))
	}
	s.Callback = u.String()
	if s.PendingSecret = form.Get("hub.secret"); len(s.PendingSecret) >= mostSecret {
		return s, "", fmt.Errorf("hub.secret has %d bytes; less than %d are allowed", len(s.PendingSecret), mostSecret)
	}
	s.PendingLease = defaultLease
	if text := form.Get("hub.lease_seconds"); text != "" {
		n, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return s, "", fmt.Errorf("hub.lease_seconds %q is no number of seconds", text)
		}
		s.PendingLease = min(max(time.Duration(n)*time.Second, leastLease), mostLease)
	}
	return s, scope, nil
}

// Run confirms and delivers until ctx is done. While the database fails it waits
// and tries again: what is due stays due.
func (h *Hub) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for range cmp.Or(h.Workers, 4) {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := h.step(ctx); err != nil && ctx.Err() == nil {
					h.log(ctx, slog.LevelError, "database failed; pushing waits", feeds.Subscription{}, err)
					wait(ctx, 5*time.Second)
				}
			}
		})
	}
	wg.Wait()
}

// wait waits for d or for the end of ctx.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// step does one push, or waits a moment if none is due.
func (h *Hub) step(ctx context.Context) error {
	due, err := h.Store.PushDue(ctx, time.Now())
	if err != nil {
		return err
	}
	if due {
		s, ok, err := h.Store.ClaimPush(ctx, time.Now(), 2*cmp.Or(h.Timeout, 10*time.Second)+10*time.Second)
		if err != nil {
			return err
		}
		if ok {
			err := h.push(ctx, s)
			if errors.Is(err, feeds.ErrLeaseLost) {
				return nil // somebody else has it now
			}
			return err
		}
	}
	wait(ctx, 200*time.Millisecond)
	return nil
}

// push does what is due for one subscription. The error is the database's.
func (h *Hub) push(ctx context.Context, s feeds.Subscription) error {
	// What is begun is finished even while the program stops: its time is bounded.
	done := context.WithoutCancel(ctx)
	ctx, cancel := context.WithTimeout(done, cmp.Or(h.Timeout, 10*time.Second))
	defer cancel()
	switch s.Pending {
	case "subscribe":
		s.Expires, s.Secret = time.Now().Add(s.PendingLease), s.PendingSecret
		if err := h.confirm(ctx, s); err != nil {
			h.log(ctx, slog.LevelInfo, "subscription denied", s, err)
			return h.Store.Deny(done, s)
		}
		return h.Store.Confirm(done, s)
	case "unsubscribe":
		if err := h.confirm(ctx, s); err != nil {
			h.log(ctx, slog.LevelInfo, "end of subscription denied", s, err)
			return h.Store.Deny(done, s)
		}
		return h.Store.Unsubscribe(done, s)
	}
	err := h.deliver(ctx, s)
	switch {
	case err == nil:
		return h.Store.Delivered(done, s)
	case errors.Is(err, errGone) || s.Failures >= mostTries:
		h.log(ctx, slog.LevelWarn, "subscriber dropped", s, err)
		return h.Store.Unsubscribe(done, s)
	}
	h.log(ctx, slog.LevelWarn, "delivery failed", s, err)
	return h.Store.Undelivered(done, s, time.Now().Add(pause(s.Failures)))
}

// pause grows from a second to half a day.
func pause(failures int) time.Duration {
	return min(time.Second<<min(failures, 20), 12*time.Hour)
}

// confirm asks the callback whether it meant it (WebSub, 5.3).
func (h *Hub) confirm(ctx context.Context, s feeds.Subscription) error {
	u, err := url.Parse(s.Callback)
	if err != nil {
		return err
	}
	challenge := rand.Text()
	q := u.Query()
	q.Set("hub.mode", s.Pending)
	q.Set("hub.topic", h.Site()+s.Feed)
	q.Set("hub.challenge", challenge)
	if s.Pending == "subscribe" {
		q.Set("hub.lease_seconds", strconv.Itoa(int(s.PendingLease/time.Second)))
	}
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	resp, err := h.Client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 || string(bytes.TrimSpace(body)) != challenge {
		return fmt.Errorf("the callback answered %s and not the challenge", resp.Status)
	}
	return nil
}

// errGone means that the callback does not want to hear of us again.
var errGone = errors.New("the callback is gone")

// deliver sends the feed as it is now, signed if there is a secret (WebSub, 7).
func (h *Hub) deliver(ctx context.Context, s feeds.Subscription) error {
	mediaType, body, err := h.Feed(ctx, s.Feed)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Callback, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", mediaType)
	req.Header.Add("Link", "<"+h.Site()+"/hub>; rel=\"hub\"")
	req.Header.Add("Link", "<"+h.Site()+s.Feed+">; rel=\"self\"")
	if s.Secret != "" {
		mac := hmac.New(sha256.New, []byte(s.Secret))
		mac.Write(body)
		req.Header.Set("X-Hub-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	resp, err := h.Client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.CopyN(io.Discard, resp.Body, 64<<10); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch {
	case resp.StatusCode == http.StatusGone:
		return errGone
	case resp.StatusCode/100 != 2:
		return fmt.Errorf("the callback answered %s", resp.Status)
	}
	return nil
}

func (h *Hub) log(ctx context.Context, level slog.Level, what string, s feeds.Subscription, err error) {
	if h.Log == nil {
		return
	}
	host := s.Callback
	if u, err := url.Parse(s.Callback); err == nil {
		host = u.Host // the rest may hold a key
	}
	h.Log.LogAttrs(ctx, level, what, slog.String("callback", host), slog.String("feed", s.Feed), slog.Int("failures", s.Failures), slog.Any("err", err))
}
