package journey

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"theriac/client"
	"theriac/genuine"
	"theriac/internal/device"
	"theriac/internal/instrument"
	"theriac/internal/simulate"
)

// A Lab is the devices of the story (paper 001): the manufacturer's registration device
// and the carrier's measuring device, each with a balance and a spectrometer. The
// instruments are simulated, and speak MT-SICS and MQTT over real sockets.
type Lab struct {
	Address string // of the measuring device

	maker, carrier *bench
	meter          *device.Meter
	cancel         context.CancelFunc
	group          sync.WaitGroup
	mu             sync.Mutex
	failed         error
}

// A bench is a device with its simulated instruments.
type bench struct {
	device       *device.Device
	bench        *device.Bench
	broker       *instrument.Broker
	balance      *simulate.Balance
	spectrometer *simulate.Spectrometer
}

// criteria of the story's medicine: what a pack weighs, and how far its spectrum in the
// near infrared is from the reference.
func criteria() []genuine.Criterion {
	return []genuine.Criterion{
		{Feature: "mass", Unit: "g", Low: 24_500_000, High: 25_100_000},
		{Feature: "nir_distance", Unit: "1", Low: 0, High: 150_000},
	}
}

// The samples of the story: a pack as it left the factory, and what a swindler put in
// its place, of the same weight.
var (
	genuinePack = sample{mass: 24_812_300, distance: 61_000}
	counterfeit = sample{mass: 24_811_900, distance: 734_000}
)

type sample struct{ mass, distance genuine.Quantity }

// OpenLab begins to measure, with devices whose folders are in dir.
func OpenLab(ctx context.Context, dir string, cast *Cast, log *slog.Logger) (*Lab, error) {
	l := &Lab{}
	ctx, l.cancel = context.WithCancel(ctx)
	if err := l.open(ctx, dir, cast, log); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Lab) open(ctx context.Context, dir string, cast *Cast, log *slog.Logger) (err error) {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if l.maker, err = l.bench(ctx, filepath.Join(dir, "registration"), cast.Manufacturer.GLN, 1); err != nil {
		return fmt.Errorf("registration device: %w", err)
	}
	if l.carrier, err = l.bench(ctx, filepath.Join(dir, "measuring"), cast.Distributor.GLN, 2); err != nil {
		return fmt.Errorf("measuring device: %w", err)
	}
	maker, err := client.New(cast.Manufacturer.Endpoint, "")
	if err != nil {
		return err
	}
	meter := &device.Meter{
		Device: l.carrier.device, Bench: l.carrier.bench, Makers: []*client.Client{maker}, Now: time.Now, Waiting: 8, Rate: 10,
	}
	if err := meter.Begin(ctx); err != nil {
		return err
	}
	l.meter = meter
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	l.Address = "http://" + socket.Addr().String()
	l.run(func() error { return l.meter.Serve(ctx, socket, log) })
	return nil
}

// bench makes a device, or finds it, with instruments that hold a genuine pack.
func (l *Lab) bench(ctx context.Context, dir, operator string, seed uint64) (b *bench, err error) {
	if _, err := device.New(dir, operator, ""); err != nil {
		return nil, err
	}
	b = &bench{}
	if b.device, err = device.Open(dir, ""); err != nil {
		return nil, err
	}
	weigh, err := l.weigh(ctx, b, seed)
	if err != nil {
		return b, err
	}
	look, err := l.look(ctx, b, seed)
	if err != nil {
		return b, errors.Join(err, weigh.Close())
	}
	b.bench, err = device.NewBench(time.Minute, weigh, look)
	return b, err
}

// weigh starts a balance that is reached over TCP, as behind a serial server.
func (l *Lab) weigh(ctx context.Context, b *bench, seed uint64) (*instrument.Instrument, error) {
	var err error
	b.balance, err = simulate.NewBalance(simulate.BalanceSettings{
		Capacity: 220_000_000, Readability: 100, Noise: 0.0002, Settle: 3, Every: 20 * time.Millisecond, Seed: seed,
	}, genuinePack.weight())
	if err != nil {
		return nil, err
	}
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l.run(func() error { return b.balance.ServeTCP(ctx, socket) })
	return instrument.Open(ctx, instrument.Spec("tcp://"+socket.Addr().String()+"?feature=mass"))
}

// look starts a spectrometer at a broker of its own.
func (l *Lab) look(ctx context.Context, b *bench, seed uint64) (*instrument.Instrument, error) {
	var err error
	b.spectrometer, err = simulate.NewSpectrometer(simulate.SpectrometerSettings{
		Readability: 100, Noise: map[string]float64{"nir_distance": 0.004}, Settle: 1, Seed: seed,
	}, genuinePack.spectrum())
	if err != nil {
		return nil, err
	}
	if b.broker, err = instrument.StartBroker("127.0.0.1:0"); err != nil {
		return nil, err
	}
	ready := make(chan struct{})
	l.run(func() error {
		return b.spectrometer.Serve(ctx, string(b.broker.Spec("spectrometer")), func() { close(ready) })
	})
	select {
	case <-ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return instrument.Open(ctx, b.broker.Spec("spectrometer", "nir_distance"))
}

// put lays a thing on the instruments.
func (b *bench) put(s sample) error {
	return errors.Join(b.balance.Put(s.weight()), b.spectrometer.Put(s.spectrum()))
}

func (s sample) weight() simulate.Sample {
	return simulate.Sample{{Feature: "mass", Unit: "g", Value: s.mass}}
}

func (s sample) spectrum() simulate.Sample {
	return simulate.Sample{{Feature: "nir_distance", Unit: "1", Value: s.distance}}
}

// run does work until the lab is closed.
func (l *Lab) run(work func() error) {
	l.group.Go(func() {
		if err := work(); err != nil {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.failed = errors.Join(l.failed, err)
		}
	})
}

// Close ends devices and instruments.
func (l *Lab) Close() error {
	l.cancel()
	l.group.Wait()
	errs := []error{l.failed}
	if l.meter != nil {
		errs = append(errs, l.meter.Close())
	}
	for _, b := range []*bench{l.maker, l.carrier} {
		if b != nil {
			errs = append(errs, b.close())
		}
	}
	return errors.Join(errs...)
}

func (b *bench) close() error {
	var errs []error
	if b.bench != nil {
		errs = append(errs, b.bench.Close())
	}
	if b.broker != nil {
		errs = append(errs, b.broker.Close())
	}
	if b.device != nil {
		errs = append(errs, b.device.Close())
	}
	return errors.Join(errs...)
}
