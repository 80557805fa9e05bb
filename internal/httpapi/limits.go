package httpapi

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limits are token buckets by address, for public look-ups: a serial number
// cannot be found by trying.
type limits struct {
	every rate.Limit
	now   func() time.Time

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
	booked  map[string]time.Time // by address and code of a refusal
	swept   time.Time
}

const (
	usualLimit = 20
	burst      = 5 // seconds' worth
	// guess is what a look-up of an unknown serial number costs beside itself.
	guess = 10
)

func newLimits(perSecond float64, now func() time.Time) *limits {
	if perSecond <= 0 {
		perSecond = usualLimit
	}
	return &limits{every: rate.Limit(perSecond), now: now, buckets: map[string]*rate.Limiter{}, booked: map[string]time.Time{}, swept: now()}
}

// take takes a token of an address and reports whether there was one.
func (l *limits) take(address string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	return l.bucket(address, now).AllowN(now, 1)
}

// charge takes n tokens of an address, if need be of those that it has not got yet:
// who has spent all must not guess the cheaper for it.
func (l *limits) charge(address string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.bucket(address, now).ReserveN(now, n)
}

func (l *limits) bucket(address string, now time.Time) *rate.Limiter {
	l.sweep(now)
	host := hostOf(address)
	b := l.buckets[host]
	if b == nil {
		b = rate.NewLimiter(l.every, int(burst*float64(l.every))+guess)
		l.buckets[host] = b
	}
	return b
}

// hostOf returns who counts as one caller: an IPv4 address, or an IPv6 network of 64
// bits, in which one subscriber has as many addresses as he likes. It is the
// connection's, never a header's: those say what their sender wants.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	network, err := ip.Prefix(64)
	if err != nil {
		return host
	}
	return network.String()
}

// first reports whether nothing was refused to an address with this code within
// the last minute.
func (l *limits) first(address, code string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, key := l.now(), hostOf(address)+" "+code
	l.sweep(now)
	if at, ok := l.booked[key]; ok && now.Sub(at) < time.Minute {
		return false
	}
	l.booked[key] = now
	return true
}

// sweep forgets, once a minute, addresses whose buckets are full again and
// refusals that were booked a while ago.
func (l *limits) sweep(now time.Time) {
	if now.Sub(l.swept) <= time.Minute {
		return
	}
	l.swept = now
	for key, at := range l.booked {
		if now.Sub(at) >= time.Minute {
			delete(l.booked, key)
		}
	}
	for host, b := range l.buckets {
		if b.TokensAt(now) >= float64(b.Burst()) {
			delete(l.buckets, host)
		}
	}
}

// A gate lets only so many requests in at a time, of all and of one caller.
type gate struct {
	all, one int

	mu     sync.Mutex
	inside map[string]int // by caller
	sum    int
}

func newGate(all, one int) *gate { return &gate{all: all, one: one, inside: map[string]int{}} }

// enter reports whether a request of an address may go on; it leaves then.
func (g *gate) enter(address string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	host := hostOf(address)
	if g.sum >= g.all || g.inside[host] >= g.one {
		return false
	}
	g.sum++
	g.inside[host]++
	return true
}

func (g *gate) leave(address string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	host := hostOf(address)
	g.sum--
	if g.inside[host]--; g.inside[host] == 0 {
		delete(g.inside, host)
	}
}
