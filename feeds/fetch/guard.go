package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// errGuard is in every refusal of the address guard.
var errGuard = errors.New("the address guard forbids it (--allow-private lifts it)")

// dialer returns the function that makes connections. The guard looks at the
// address that is dialled, after name resolution, so neither a redirect nor a
// name that resolves to a private address passes.
//
// "localhost" and all names below it are loopback without asking DNS (RFC 6761,
// 6.3): the sample province's departments live there.
func dialer(allowPrivate bool) func(ctx context.Context, network, addr string) (net.Conn, error) {
	d := &net.Dialer{Timeout: 10 * time.Second}
	if !allowPrivate {
		public := ssrf.New(ssrf.WithAnyPort())
		d.Control = func(network, address string, raw syscall.RawConn) error {
			if err := public.Safe(network, address, raw); err != nil {
				return fmt.Errorf("%s: %w", address, errGuard)
			}
			return blockPort(address)
		}
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		if host = strings.TrimSuffix(strings.ToLower(host), "."); host == "localhost" || strings.HasSuffix(host, ".localhost") {
			addr = net.JoinHostPort("127.0.0.1", port)
		}
		return d.DialContext(ctx, network, addr)
	}
}

// badPorts are those that the Fetch standard blocks (fetch.spec.whatwg.org,
// "port blocking"): services that a hostile link could talk to.
var badPorts = []int{
	0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115,
	117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601,
	636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
}

func blockPort(address string) error {
	_, p, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if n, err := strconv.Atoi(p); err != nil || slices.Contains(badPorts, n) {
		return fmt.Errorf("port %s: %w", p, errGuard)
	}
	return nil
}
