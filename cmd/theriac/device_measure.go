package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"time"

	"theriac/client"
	"theriac/internal/device"
)

type deviceMeasureCmd struct {
	folder
	instruments
	Server  []string `required:"" sep:"none" help:"API of the maker of a product line that the device measures, for its keys; may be repeated." placeholder:"URL"`
	Listen  string   `help:"host:port that consignees' servers reach." default:"127.0.0.1:8090"`
	Cert    string   `help:"Certificate for HTTPS, PEM." placeholder:"FILE" and:"tls"`
	Key     string   `help:"Its private key, PEM." placeholder:"FILE" and:"tls"`
	Waiting int      `help:"Challenges that may wait while one is measured for. They are measured with what lies there then: only where a machine changes the things." default:"0"`
	Rate    float64  `help:"Challenges a second of one address." default:"2"`
}

// Help implements kong.HelpProvider.
func (deviceMeasureCmd) Help() string {
	return `Whoever delivers things has it; the consignee's organisation sends it a sealed challenge for
the thing that lies on it. It answers with a proof or with a reason, never with what was
read. DIR/measurements.jsonl has a line for each.

  theriac device measure --dir scale --server https://maker.example --instrument 'serial:///dev/ttyUSB0?feature=mass'`
}

func (d *deviceMeasureCmd) Run(ctx context.Context, con *console) (err error) {
	if d.Waiting < 0 || d.Rate <= 0 {
		return errors.New("--waiting is 0 or more, --rate more than 0")
	}
	m := &device.Meter{Now: time.Now, Waiting: d.Waiting, Rate: d.Rate}
	for _, address := range d.Server {
		c, err := client.New(address, "")
		if err != nil {
			return err
		}
		m.Makers = append(m.Makers, c)
	}
	x, err := device.Open(d.Dir, d.Passphrase)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	bench, err := d.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bench.Close()) }()
	l, scheme, err := d.listen()
	if err != nil {
		return err
	}
	m.Device, m.Bench = x, bench.Bench
	if err := m.Begin(ctx); err != nil {
		return errors.Join(err, l.Close())
	}
	con.printf("device %s of %s measures at %s://%s\n", x.Card.Device, x.Card.Operator, scheme, l.Addr())
	return errors.Join(m.Serve(ctx, l, slog.New(slog.NewTextHandler(con.err, nil))), m.Close())
}

func (d *deviceMeasureCmd) listen() (net.Listener, string, error) {
	var config *tls.Config
	if d.Cert != "" {
		pair, err := tls.LoadX509KeyPair(d.Cert, d.Key)
		if err != nil {
			return nil, "", err
		}
		config = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13}
	}
	l, err := net.Listen("tcp", d.Listen)
	if err != nil {
		return nil, "", err
	}
	if config == nil {
		return l, "http", nil
	}
	return tls.NewListener(l, config), "https", nil
}
