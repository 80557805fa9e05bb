package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"theriac/internal/device"
	"theriac/internal/instrument"
)

// instruments is how a command finds what its device measures with.
type instruments struct {
	Instrument []string      `required:"" sep:"none" help:"Where an instrument is, as theriac instrument read takes it; @FILE: it stands in a file; broker:TOPIC?feature=NAME: at the broker that is run here. May be repeated." placeholder:"SPEC"`
	Patience   time.Duration `help:"How long they may take for a thing." default:"45s"`
	Broker     string        `help:"Loopback address of an MQTT broker to run for instruments of this machine." placeholder:"HOST:PORT" and:"broker"`
	BrokerSpec string        `help:"File for the specs of those instruments, one a line, with the password of this run." placeholder:"FILE" and:"broker"`
}

// A workbench is the instruments of a device, and perhaps their broker.
type workbench struct {
	*device.Bench
	broker *instrument.Broker
}

// Close ends the instruments' connections, then the broker.
func (w *workbench) Close() error {
	var errs []error
	if w.Bench != nil {
		errs = append(errs, w.Bench.Close())
	}
	if w.broker != nil {
		errs = append(errs, w.broker.Close())
	}
	return errors.Join(errs...)
}

// open opens all of them.
func (i *instruments) open(ctx context.Context) (*workbench, error) {
	w := &workbench{}
	if i.Broker != "" {
		var err error
		if w.broker, err = instrument.StartBroker(i.Broker); err != nil {
			return nil, err
		}
	}
	specs, err := i.specs(w.broker)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	ctx, cancel := context.WithTimeout(ctx, i.Patience)
	defer cancel()
	var all []device.Instrument
	for _, spec := range specs {
		x, err := instrument.Open(ctx, spec)
		if err != nil {
			for _, x := range all {
				err = errors.Join(err, x.Close())
			}
			return nil, errors.Join(err, w.Close())
		}
		all = append(all, x)
	}
	if w.Bench, err = device.NewBench(i.Patience, all...); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// specs reads where instruments are, and writes down where those of the broker are.
func (i *instruments) specs(broker *instrument.Broker) ([]instrument.Spec, error) {
	var out []instrument.Spec
	var here strings.Builder
	for _, text := range i.Instrument {
		at, ok := strings.CutPrefix(text, "broker:")
		if !ok {
			spec, err := fromFile(text)
			if err != nil {
				return nil, err
			}
			out = append(out, instrument.Spec(spec))
			continue
		}
		topic, query, _ := strings.Cut(at, "?")
		q, err := url.ParseQuery(query)
		if err != nil || broker == nil {
			return nil, fmt.Errorf("%.100q: it takes --broker, and is broker:TOPIC?feature=NAME", text)
		}
		spec := broker.Spec(topic, strings.Split(q.Get("feature"), ",")...)
		out = append(out, spec)
		fmt.Fprintln(&here, string(spec))
	}
	if broker == nil {
		return out, nil
	}
	// The file may be one of before, open to others.
	if err := os.Remove(i.BrokerSpec); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return out, writeFile(i.BrokerSpec, []byte(here.String()))
}
