package redteam

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/client"
	"theriac/genuine"
	"theriac/internal/device"
	"theriac/internal/instrument"
	"theriac/internal/simulate"
)

// The product line of paper 001's attacks: what a pack weighs, in grams.
const (
	lightest = 24_500_000
	heaviest = 25_100_000
	usual    = 24_812_300
	fake     = 23_812_300
)

// A lab is a walk whose packs are measured. The supplier is who carries them to the
// distributor: the measuring device is his, and a process of its own. Balances are
// simulated and speak MT-SICS over TCP.
type lab struct {
	*walk
	registrar    *registrar
	meter        *meter
	carrier      string            // folder of the measuring device
	scale        *simulate.Balance // of the measuring device
	line         api.Line
	registration api.Registration
}

// A registrar is a registration device with its balance.
type registrar struct {
	*device.Device
	bench *device.Bench
	scale *simulate.Balance
}

// A meter is a measuring device by its address.
type meter struct {
	*client.Client
	address string
}

// measured takes a medicine to the distributor, registered for him.
func measured(t *testing.T, w *world) *lab {
	t.Helper()
	l := &lab{walk: (&walk{w: w, last: 4, packs: 8}).run(t)}
	l.release(t)
	l.begin(t)
	l.registers(t, l.packs)
	l.distribute(t)
	return l
}

// begin makes the devices and the product line.
func (l *lab) begin(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	l.registrar = newRegistrar(t, filepath.Join(dir, "registration"), l.w.dm)
	l.carrier = filepath.Join(dir, "measuring")
	card, err := device.New(l.carrier, l.w.ms.GLN, "")
	if err != nil {
		t.Fatal(err)
	}
	l.change(t, device.Change{Criteria: []genuine.Criterion{{Feature: "mass", Unit: "g", Low: lightest, High: heaviest}}, Admit: []device.Card{*card}})
	var spec string
	l.scale, spec = newScale(t, simulate.BalanceSettings{Noise: 0.0002, Readability: 100, Settle: 2, Seed: 2})
	l.meter = startMeter(t, l.carrier, l.w.dm.Endpoint, spec)
}

// change changes the product line.
func (l *lab) change(t *testing.T, c device.Change) {
	t.Helper()
	c.GTIN = l.product
	now, err := l.registrar.ChangeLine(t.Context(), l.w.dm.API, c)
	if err != nil {
		t.Fatal(err)
	}
	l.line = *now
}

func newRegistrar(t *testing.T, dir string, of *party) *registrar {
	t.Helper()
	if _, err := device.New(dir, of.GLN, ""); err != nil {
		t.Fatal(err)
	}
	d, err := device.Open(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	r := &registrar{Device: d}
	var spec string
	r.scale, spec = newScale(t, simulate.BalanceSettings{Noise: 0.0002, Readability: 100, Settle: 2, Seed: 1})
	i, err := instrument.Open(t.Context(), instrument.Spec(spec))
	if err != nil {
		t.Fatal(err)
	}
	if r.bench, err = device.NewBench(time.Minute, i); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, err := range []error{r.bench.Close(), d.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	return r
}

// another admits one more measuring device of the carrier's to the line.
func (l *lab) another(t *testing.T, s simulate.BalanceSettings) (*meter, *simulate.Balance) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "another")
	card, err := device.New(dir, l.w.ms.GLN, "")
	if err != nil {
		t.Fatal(err)
	}
	l.change(t, device.Change{Admit: []device.Card{*card}})
	scale, spec := newScale(t, s)
	return startMeter(t, dir, l.w.dm.Endpoint, spec), scale
}

// newScale starts a balance that is reached over TCP, with a good pack on it.
func newScale(t *testing.T, s simulate.BalanceSettings) (*simulate.Balance, string) {
	t.Helper()
	s.Capacity, s.Every = 99_000_000, time.Millisecond
	b, err := simulate.NewBalance(s, grams(usual))
	if err != nil {
		t.Fatal(err)
	}
	var c net.ListenConfig
	socket, err := c.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- b.ServeTCP(t.Context(), socket) }()
	t.Cleanup(func() { // the test's context has ended
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return b, "tcp://" + socket.Addr().String() + "?feature=mass"
}

func grams(q genuine.Quantity) simulate.Sample {
	return simulate.Sample{{Feature: "mass", Unit: "g", Value: q}}
}

// weighs lays something on the carrier's balance.
func (l *lab) weighs(t testing.TB, q genuine.Quantity) {
	t.Helper()
	if err := l.scale.Put(grams(q)); err != nil {
		t.Fatal(err)
	}
}

// startMeter runs theriac device measure.
func startMeter(t *testing.T, dir, maker, spec string) *meter {
	t.Helper()
	cmd := exec.Command(command(t), "device", "measure", "--dir", dir, "--server", maker, "--instrument", spec,
		"--listen", "127.0.0.1:0", "--rate", "1e6", "--waiting", "64")
	stderr := &bytes.Buffer{}
	cmd.Stderr = stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	first, err := bufio.NewReader(out).ReadString('\n')
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("measuring device: %v: %.2000s", err, stderr)
		}
	})
	_, address, ok := strings.Cut(strings.TrimSpace(first), " measures at ")
	if err != nil || !ok {
		t.Fatalf("measuring device says %q, %v", first, err)
	}
	return meterAt(t, address)
}

func meterAt(t *testing.T, address string) *meter {
	t.Helper()
	c, err := client.New(address, "")
	if err != nil {
		t.Fatal(err)
	}
	return &meter{c, address}
}

// at is a registration device at work for an organisation.
func (r *registrar) at(by *party) *device.Registrar {
	return &device.Registrar{
		Device: r.Device, Office: by.API, Bench: r.bench, Reach: func(endpoint string) (*client.Client, error) { return client.New(endpoint, "") },
	}
}

// registers has the maker's device measure the first packs and register them for the
// distributor.
func (l *lab) registers(t *testing.T, packs uint64) {
	t.Helper()
	done, err := l.registrar.at(l.w.dm).Register(t.Context(), device.Job{
		GTIN: l.product, Batch: string(l.lot), Packs: chain.Range{To: packs}, To: l.w.dd.GLN, Place: l.w.dd.GLN, Fields: map[string]string{"temperature": "21 Cel"},
	})
	if err != nil {
		t.Fatal(err)
	}
	l.registration = done.Registration
}

// distribute is exchange 5, with the transaction information.
func (l *lab) distribute(t *testing.T) {
	t.Helper()
	w := l.w
	l.bc[5] = w.sends(t, w.dm, "/v1/distributions", api.Address{To: w.dd.GLN, Prev: []canon.Digest{l.bc[4]}}, map[string]any{
		"certificate": l.certificate, "sales_method": "prescription", "parcels": l.parcels(0, l.packs), "registrations": []canon.Digest{l.registration.ID},
	})
}

// parcels are packs of the batch.
func (l *lab) parcels(from, to uint64) any {
	return []any{map[string]any{"batch": l.batch, "ranges": []chain.Range{{From: from, To: to}}}}
}

// sends has an organisation send a message, and returns its anchor.
func (w *world) sends(t *testing.T, from *party, path string, to api.Address, content any) canon.Digest {
	t.Helper()
	m, err := client.Post[api.Message](t.Context(), from.API, path, "", struct {
		api.Address
		Content any `json:"content"`
	}{to, content})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	until(t, path+" arrives", func() bool {
		m = get[api.Message](t, from, "/v1/messages/"+m.ID.String(), nil)
		return m.Status != "queued"
	})
	if m.Receipt == nil {
		t.Fatalf("%s: %s (%s)", path, m.Status, m.Code)
	}
	return m.Receipt.BC
}

// challenge is what the distributor asks of the pack at a place.
func (l *lab) challenge(t testing.TB, index uint64) *genuine.Challenge {
	t.Helper()
	return l.challengeOf(t, l.w.dd, l.registration.ID, index, index)
}

func (l *lab) challengeOf(t testing.TB, by *party, id canon.Digest, index, place uint64) *genuine.Challenge {
	t.Helper()
	u := get[genuine.Transaction](t, by, markPath(id, "transactions", index), url.Values{"code": {l.code(t, place)}})
	return &genuine.Challenge{Registration: id, Consignee: by.GLN, Place: by.GLN, Nonce: newID(), Transaction: *u}
}

func markPath(id canon.Digest, what string, index uint64) string {
	return fmt.Sprintf("/v1/registrations/%s/%s/%d", id, what, index)
}

// scanned is a scanner that reads one code.
func scanned(code string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		if code == "" {
			return "", io.EOF
		}
		out := code
		code = ""
		return out, nil
	}
}

func mustJSON(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
