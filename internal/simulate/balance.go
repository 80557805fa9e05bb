package simulate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"theriac/genuine"
)

// BalanceSettings say how a simulated balance behaves. Its time is counted in updates
// of its display, which are made as it is asked: so the same seed and the same questions
// give the same answers, whenever they are asked.
type BalanceSettings struct {
	Capacity    genuine.Quantity // more than this is overload
	Readability genuine.Quantity // the smallest step of the display
	Noise       float64          // standard deviation of what is shown, in the unit
	Drift       float64          // added at each update, in the unit
	Settle      int              // updates until what was put on it is stable
	Every       time.Duration    // pause between updates while a stable value is waited for
	Seed        uint64
	Shown       func(string) // if set, is told each stable weight that is sent
}

// A Balance is a simulated balance. It speaks MT-SICS, of levels 0 and 1 what reading
// takes: @, I4, S, SI, T, Z.
type Balance struct {
	settings BalanceSettings
	unit     string // as a balance writes it
	serial   string
	sample   atomic.Pointer[Sample]

	mu      sync.Mutex
	random  *rand.Rand
	lies    *Sample // what the display is on the way to
	from    float64 // what it came from
	since   int     // updates since
	updates int
	zero    float64
	tare    float64
}

// symbols are the units of UCUM as a balance writes them.
var symbols = map[string]string{"g": "g", "kg": "kg", "mg": "mg", "ug": "ug", "[car_m]": "ct"}

// NewBalance returns a balance with a sample on it.
func NewBalance(settings BalanceSettings, on Sample) (*Balance, error) {
	if len(on) != 1 || symbols[on[0].Unit] == "" {
		return nil, fmt.Errorf("a balance measures one feature, in g, kg, mg, ug or [car_m]: not %q", on)
	}
	finite := func(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
	if !finite(settings.Noise) || settings.Noise < 0 || !finite(settings.Drift) || settings.Settle < 0 {
		return nil, fmt.Errorf("noise and settling are not below zero")
	}
	b := &Balance{
		settings: settings, unit: symbols[on[0].Unit], serial: fmt.Sprintf("SIMULATED-%d", settings.Seed),
		random: rand.New(rand.NewPCG(settings.Seed, 0)),
	}
	if settings.Readability < 1 || settings.Capacity < settings.Readability || len(b.text(-settings.Capacity)) > width {
		return nil, fmt.Errorf("steps of %s up to %s do not fit a display of %d characters", settings.Readability, settings.Capacity, width)
	}
	b.sample.Store(&on)
	return b, nil
}

// Put replaces what lies on the balance, at any time.
func (b *Balance) Put(s Sample) error {
	if err := s.like(*b.sample.Load()); err != nil {
		return err
	}
	b.sample.Store(&s)
	return nil
}

// A weight is one update of the display.
type weight struct {
	net    genuine.Quantity
	load   float64 // what lies on it, for over and underload
	stable bool
}

// update moves the display on by one.
func (b *Balance) update() (weight, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if on := b.sample.Load(); on != b.lies {
		b.from, b.since, b.lies = b.level(), 0, on
	} else {
		b.since++
	}
	b.updates++
	x := b.level() + float64(b.updates)*b.settings.Drift + b.random.NormFloat64()*b.settings.Noise
	net, err := shown(x-b.zero-b.tare, b.settings.Readability)
	return weight{net: net, load: x, stable: b.since >= b.settings.Settle}, err
}

// level is where the display is without noise: a mechanism that swings out.
func (b *Balance) level() float64 {
	if b.lies == nil {
		return 0
	}
	to := float((*b.lies)[0].Value)
	if b.since >= b.settings.Settle {
		return to
	}
	return to + (b.from-to)*math.Exp(-5*float64(b.since)/float64(b.settings.Settle))
}

// set makes the weight that is shown the new tare or zero.
func (b *Balance) set(command string, w weight) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if command == "T" {
		b.tare += float(w.net)
		return
	}
	b.zero += b.tare + float(w.net)
	b.tare = 0
}

// answer is what the balance says of a weight to a command that waits for it: S, SI, T
// or Z.
func (b *Balance) answer(command string, w weight) string {
	said := command
	if command == "SI" {
		said = "S"
	}
	capacity := float(b.settings.Capacity)
	switch {
	case w.load > capacity:
		return said + " +"
	case w.load < -capacity/100:
		return said + " -"
	case !w.stable && command != "SI":
		return said + " I" // no stable weight in the balance's own time
	case command == "Z":
		b.set(command, w)
		return "Z A"
	}
	status := "D"
	if w.stable {
		status = "S"
	}
	text := b.text(w.net)
	if command == "T" {
		b.set(command, w)
	} else if w.stable && b.settings.Shown != nil {
		b.settings.Shown(strings.TrimLeft(text, " "))
	}
	return said + " " + status + " " + text + " " + b.unit
}

// width is that of the display.
const width = 10

// text returns a weight as it is displayed, with as many places as the readability has.
func (b *Balance) text(q genuine.Quantity) string {
	_, fraction, _ := strings.Cut(b.settings.Readability.String(), ".")
	sign := ""
	if q < 0 {
		sign, q = "-", -q
	}
	number := fmt.Sprintf("%d.%06d", q/1e6, q%1e6)
	number = strings.TrimSuffix(number[:len(number)-6+len(fraction)], ".")
	return fmt.Sprintf("%*s", width, sign+number)
}
