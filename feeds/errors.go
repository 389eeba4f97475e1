package feeds

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Fault is a class of failure; it alone decides what the scheduler does.
type Fault int

const (
	Unknown   Fault = iota
	Transient       // time-outs, resets, 5xx: try again, later and later
	Throttled       // 429 and 503: not before After
	Gone            // 404 and 410: the address is dead
	Refused         // robots.txt, the address guard, 401, 403 and other 4xx, bad TLS: somebody must act
	Malformed       // an answer that can't be read as what it should be
)

func (f Fault) String() string {
	return [...]string{"unknown", "transient", "throttled", "gone", "refused", "malformed"}[f]
}

// An Error answers "what shall the caller do?"; its text says what was being done.
type Error struct {
	Op    string        // "fetch", "parse feed"
	URL   string        // without credentials
	Fault Fault         // class: it alone decides what the scheduler does
	After time.Duration // the server's wish before the next try; zero if unsaid
	Err   error         // cause, never nil
}

func (e *Error) Error() string {
	parts := []string{e.Op}
	if e.URL != "" {
		parts = append(parts, e.URL)
	}
	return fmt.Sprintf("%s: %v", strings.Join(parts, " "), e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// FaultOf returns the fault that err carries, or Unknown.
func FaultOf(err error) Fault {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Fault
	}
	return Unknown
}

// ErrLeaseLost means that another worker has claimed the source since.
var ErrLeaseLost = errors.New("lease lost")
