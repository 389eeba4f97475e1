package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gomtin/feeds"
)

// RequestSubscription notes what a subscriber asks for, to be confirmed by its
// callback: s.Pending, PendingSecret, PendingLease. scope is where its feed's
// changes are counted ("/topics/y-te"). Asking again replaces what was pending.
// While mostPending wait to be confirmed, more are refused.
func (db *DB) RequestSubscription(ctx context.Context, s feeds.Subscription, scope string) error {
	var waiting int
	if err := db.read.QueryRowContext(ctx, `SELECT count(*) FROM subscription WHERE pending <> ''`).Scan(&waiting); err != nil {
		return fmt.Errorf("count pending subscriptions: %w", err)
	}
	if waiting >= mostPending {
		return fmt.Errorf("%d subscriptions wait to be confirmed", waiting)
	}
	_, err := db.write.ExecContext(ctx, requestSubscriptionSQL, s.Callback, s.Feed, scope, s.Pending, s.PendingSecret, int64(s.PendingLease/time.Second))
	if err != nil {
		return fmt.Errorf("note subscription of %s: %w", s.Feed, err)
	}
	return nil
}

const mostPending = 1000

const requestSubscriptionSQL = `INSERT INTO subscription
	(callback, feed, scope, secret, expires_us, delivered, pending, pending_secret, pending_lease, failures, next_us, lease_us, lease_gen)
	VALUES ($1, $2, $3, '', 0, 0, $4, $5, $6, 0, 0, 0, 0)
	ON CONFLICT (callback, feed) DO UPDATE SET pending = excluded.pending, pending_secret = excluded.pending_secret,
		pending_lease = excluded.pending_lease, next_us = 0, lease_us = 0, lease_gen = subscription.lease_gen + 1`

// duePush are the subscriptions that something is to be done for at $1: a
// confirmation, or a delivery of what changed since the last one.
const duePush = `s.next_us <= $1 AND s.lease_us <= $1 AND
	(s.pending <> '' OR s.expires_us > $1 AND s.delivered < COALESCE((SELECT change_id FROM scope c WHERE c.name = s.scope), 0))`

// PushDue reports whether ClaimPush would find something. It only reads.
func (db *DB) PushDue(ctx context.Context, now time.Time) (bool, error) {
	var n int
	if err := db.read.QueryRowContext(ctx, `SELECT count(*) FROM subscription s WHERE `+duePush, us(now)).Scan(&n); err != nil {
		return false, fmt.Errorf("look for deliveries: %w", err)
	}
	return n > 0, nil
}

// ClaimPush leases one subscription that something is to be done for. ok is false
// if there is none.
func (db *DB) ClaimPush(ctx context.Context, now time.Time, ttl time.Duration) (s feeds.Subscription, ok bool, err error) {
	var expires, lease int64
	err = db.write.QueryRowContext(ctx, `UPDATE subscription SET lease_us = $2, lease_gen = lease_gen + 1 WHERE id IN (
			SELECT s.id FROM subscription s WHERE `+duePush+` ORDER BY CASE WHEN s.pending = '' THEN 0 ELSE 1 END, s.next_us, s.id LIMIT 1 `+db.dialect.SkipLocked+`)
		RETURNING id, callback, feed, secret, expires_us, failures, pending, pending_secret, pending_lease, lease_gen,
			COALESCE((SELECT change_id FROM scope c WHERE c.name = subscription.scope), 0)`, us(now), us(now.Add(ttl))).
		Scan(&s.ID, &s.Callback, &s.Feed, &s.Secret, &expires, &s.Failures, &s.Pending, &s.PendingSecret, &lease, &s.Lease.Generation, &s.Change)
	if errors.Is(err, sql.ErrNoRows) {
		return s, false, nil
	} else if err != nil {
		return s, false, fmt.Errorf("claim a delivery: %w", err)
	}
	s.Expires, s.PendingLease, s.Lease.Until = fromUS(expires), time.Duration(lease)*time.Second, now.Add(ttl)
	return s, true, nil
}

// Confirm makes what was pending true: the callback has said yes. A new subscriber
// is not sent what changed before; one that renews still is.
func (db *DB) Confirm(ctx context.Context, s feeds.Subscription) error {
	return db.finishPush(ctx, s, `UPDATE subscription SET pending = '', secret = $3, expires_us = $4, delivered = CASE WHEN expires_us = 0 THEN $5 ELSE delivered END, failures = 0, next_us = 0, lease_us = 0`,
		s.Secret, us(s.Expires), s.Change)
}

// Deny drops what was pending: the callback has said no, or nothing. A
// subscription that was never confirmed is forgotten.
func (db *DB) Deny(ctx context.Context, s feeds.Subscription) error {
	if s.Expires.IsZero() {
		return db.Unsubscribe(ctx, s)
	}
	return db.finishPush(ctx, s, `UPDATE subscription SET pending = '', lease_us = 0`)
}

// Delivered marks the change s.Change as sent.
func (db *DB) Delivered(ctx context.Context, s feeds.Subscription) error {
	return db.finishPush(ctx, s, `UPDATE subscription SET delivered = $3, failures = 0, next_us = 0, lease_us = 0`, s.Change)
}

// Undelivered puts the delivery off until next.
func (db *DB) Undelivered(ctx context.Context, s feeds.Subscription, next time.Time) error {
	return db.finishPush(ctx, s, `UPDATE subscription SET failures = failures + 1, next_us = $3, lease_us = 0`, us(next))
}

// Unsubscribe forgets a subscription.
func (db *DB) Unsubscribe(ctx context.Context, s feeds.Subscription) error {
	return db.finishPush(ctx, s, `DELETE FROM subscription`)
}

// finishPush ends a claim by one statement on the claimed row. Who lost the lease
// changes nothing and gets feeds.ErrLeaseLost.
func (db *DB) finishPush(ctx context.Context, s feeds.Subscription, text string, args ...any) error {
	n, err := affected(db.write.ExecContext(ctx, text+` WHERE id = $1 AND lease_gen = $2`, append([]any{s.ID, s.Lease.Generation}, args...)...))
	if err != nil {
		return fmt.Errorf("finish push %d: %w", s.ID, err)
	}
	if n == 0 {
		return fmt.Errorf("finish push %d: %w", s.ID, feeds.ErrLeaseLost)
	}
	return nil
}
