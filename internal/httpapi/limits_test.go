package httpapi

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// An address has its burst, then what time gives back.
func TestLimit(t *testing.T) {
	c := new(clock)
	l := newLimits(2, c.now)
	whole := int(burst*2) + guess
	for i := range whole {
		if !l.take("192.0.2.1:1000") {
			t.Fatalf("refused after %d", i)
		}
	}
	if l.take("192.0.2.1:2000") {
		t.Error("another port is another caller")
	}
	if !l.take("192.0.2.2:1000") {
		t.Error("another address is the same caller")
	}
	c.pass(time.Second)
	for range 2 {
		if !l.take("192.0.2.1:1") {
			t.Error("nothing came back in a second")
		}
	}
	if l.take("192.0.2.1:1") {
		t.Error("more came back than a second's worth")
	}
}

// A guess costs more, also of what is not there yet.
func TestGuess(t *testing.T) {
	c := new(clock)
	l := newLimits(1, c.now)
	asked := 0
	for l.take("192.0.2.1:1") {
		l.charge("192.0.2.1:1", guess)
		asked++
	}
	if asked != 2 {
		t.Errorf("%d guesses of %d tokens", asked, burst+guess)
	}
	c.pass(6 * time.Second)
	if l.take("192.0.2.1:1") {
		t.Error("the debt is forgotten")
	}
	c.pass(6 * time.Second)
	if !l.take("192.0.2.1:1") {
		t.Error("the debt is not paid")
	}
}

// Attack: a subscriber's 2^64 IPv6 addresses are one caller, and an IPv4 address
// in IPv6 form is itself.
func TestHostOf(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1:80":              "192.0.2.1",
		"[::ffff:192.0.2.1]:80":     "192.0.2.1",
		"[2001:db8:1:2:3:4:5:6]:80": "2001:db8:1:2::/64",
		"[2001:db8:1:2:ffff::]:81":  "2001:db8:1:2::/64",
		"[2001:db8:1:3::1]:80":      "2001:db8:1:3::/64",
		"[fe80::1%eth0]:80":         "fe80::/64",
		"[::1]:80":                  "::/64",
		"pipe":                      "pipe",
		"@":                         "@",
		"":                          "",
		"name:80":                   "name",
	} {
		if got := hostOf(address); got != want {
			t.Errorf("hostOf(%q) = %q, want %q", address, got, want)
		}
	}
}

// Attack: many addresses, each once. What they leave is swept away.
func TestLimitForgets(t *testing.T) {
	c := new(clock)
	l := newLimits(20, c.now)
	for i := range 5000 {
		address := fmt.Sprintf("10.0.%d.%d:1", i/250, i%250)
		l.take(address)
		l.first(address, "unauthorised")
	}
	if len(l.buckets) != 5000 || len(l.booked) != 5000 {
		t.Fatalf("%d buckets, %d booked", len(l.buckets), len(l.booked))
	}
	c.pass(2 * time.Minute)
	l.take("192.0.2.1:1")
	if len(l.buckets) != 1 || len(l.booked) != 0 {
		t.Errorf("%d buckets, %d booked a while later", len(l.buckets), len(l.booked))
	}
}

// A refusal is booked once a minute for an address and a reason.
func TestFirst(t *testing.T) {
	c := new(clock)
	l := newLimits(20, c.now)
	for i, want := range []bool{true, false, false, true} {
		if got := l.first("192.0.2.1:1", "unauthorised"); got != want {
			t.Errorf("time %d: %t", i, got)
		}
		c.pass(25 * time.Second)
	}
	if !l.first("192.0.2.1:1", "unknown_serial") || !l.first("192.0.2.2:1", "unauthorised") {
		t.Error("another reason or address is not booked")
	}
}

// Whatever comes and goes, no more are inside than may be, and none is left over.
func TestGate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := newGate(5, 2)
		address := rapid.SampledFrom([]string{"192.0.2.1:1", "192.0.2.1:2", "192.0.2.2:1", "192.0.2.3:1", "192.0.2.4:1"})
		var inside []string
		count := func(host string) (n int) {
			for _, a := range inside {
				if hostOf(a) == host {
					n++
				}
			}
			return n
		}
		t.Repeat(map[string]func(*rapid.T){
			"enter": func(t *rapid.T) {
				a := address.Draw(t, "address")
				want := len(inside) < 5 && count(hostOf(a)) < 2
				if got := g.enter(a); got != want {
					t.Fatalf("enter(%s) = %t with %q inside", a, got, inside)
				}
				if want {
					inside = append(inside, a)
				}
			},
			"leave": func(t *rapid.T) {
				if len(inside) > 0 {
					g.leave(inside[0])
					inside = inside[1:]
				}
			},
			"": func(t *rapid.T) {
				if g.sum != len(inside) {
					t.Fatalf("%d inside, want %d", g.sum, len(inside))
				}
				for host, n := range g.inside {
					if n != count(host) || n == 0 {
						t.Fatalf("%s: %d inside, want %d", host, n, count(host))
					}
				}
			},
		})
	})
}
