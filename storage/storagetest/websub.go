package storagetest

import (
	"errors"
	"testing"
	"time"

	"gomtin/feeds"
)

const scope = "/topics/y-te"

func wish(pending string) feeds.Subscription {
	return feeds.Subscription{Callback: "http://partner.example/nhan", Feed: scope + ".rss", Pending: pending, PendingSecret: "s", PendingLease: time.Hour}
}

// push claims what is due; want says whether something must be.
func (s *suite) push(want bool) feeds.Subscription {
	s.t.Helper()
	due, err := s.PushDue(s.ctx, s.now)
	if err != nil || due != want {
		s.t.Fatalf("PushDue = %v, %v; want %v", due, err, want)
	}
	sub, ok, err := s.ClaimPush(s.ctx, s.now, time.Minute)
	if err != nil || ok != want {
		s.t.Fatalf("ClaimPush = %v, %v; want %v", ok, err, want)
	}
	return sub
}

func (s *suite) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func subscription(t *testing.T, s *suite) {
	s.apply("syt")
	s.commit("syt", article(1))
	s.push(false)
	s.must(s.RequestSubscription(s.ctx, wish("subscribe"), scope))
	sub := s.push(true)
	if sub.Pending != "subscribe" || sub.PendingSecret != "s" || sub.PendingLease != time.Hour || sub.Change != 1 {
		t.Errorf("claimed %+v", sub)
	}
	s.push(false) // leased
	sub.Secret, sub.Expires = sub.PendingSecret, s.now.Add(sub.PendingLease)
	s.must(s.Confirm(s.ctx, sub))
	s.push(false) // what changed before is not sent

	s.commit("syt", article(2))
	sub = s.push(true)
	if sub.Pending != "" || sub.Secret != "s" || sub.Change != 2 {
		t.Errorf("claimed %+v, want the change 2", sub)
	}
	s.must(s.Undelivered(s.ctx, sub, s.now.Add(time.Minute)))
	s.push(false)
	s.now = s.now.Add(2 * time.Minute)
	late := s.push(true)
	if late.Failures != 1 {
		t.Errorf("%d failures, want 1", late.Failures)
	}
	s.now = s.now.Add(2 * time.Minute) // the lease runs out
	sub = s.push(true)
	if err := s.Delivered(s.ctx, late); !errors.Is(err, feeds.ErrLeaseLost) {
		t.Errorf("a late worker got %v, want ErrLeaseLost", err)
	}
	s.must(s.Delivered(s.ctx, sub))
	s.push(false)

	s.commit("syt", article(4)) // a renewal does not lose what was not sent yet
	s.must(s.RequestSubscription(s.ctx, wish("subscribe"), scope))
	sub = s.push(true)
	sub.Secret, sub.Expires = "new", s.now.Add(time.Hour)
	s.must(s.Confirm(s.ctx, sub))
	sub = s.push(true)
	if sub.Pending != "" || sub.Secret != "new" {
		t.Errorf("after the renewal: %+v, want the delivery that was due", sub)
	}
	s.must(s.Delivered(s.ctx, sub))
	s.push(false)

	s.must(s.RequestSubscription(s.ctx, wish("unsubscribe"), scope))
	s.must(s.Unsubscribe(s.ctx, s.push(true)))
	s.commit("syt", article(3))
	s.push(false)
}

func denied(t *testing.T, s *suite) {
	s.apply("syt")
	s.must(s.RequestSubscription(s.ctx, wish("subscribe"), scope))
	s.must(s.Deny(s.ctx, s.push(true)))
	s.commit("syt", article(1))
	s.push(false)

	s.must(s.RequestSubscription(s.ctx, wish("subscribe"), scope))
	sub := s.push(true)
	sub.Expires = s.now.Add(time.Hour)
	s.must(s.Confirm(s.ctx, sub))
	s.must(s.RequestSubscription(s.ctx, wish("unsubscribe"), scope)) // by somebody else
	s.must(s.Deny(s.ctx, s.push(true)))
	s.commit("syt", article(2))
	s.push(true) // the subscription stands
	s.now = s.now.Add(2 * time.Hour)
	s.push(false) // and ends when its time is over
}
