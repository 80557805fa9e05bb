package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"theriac/canon"
	"theriac/client"
	"theriac/internal/device"
)

type deviceCmd struct {
	New      deviceNewCmd      `cmd:"" help:"Make the folder of a device, with its keys, and print its card."`
	List     deviceListCmd     `cmd:"" help:"The product lines that a device has keys of."`
	Show     deviceShowCmd     `cmd:"" help:"A device's card."`
	Line     deviceLineCmd     `cmd:"" help:"Make a product line in its maker's device; admit and revoke devices."`
	Register deviceRegisterCmd `cmd:"" help:"Measure things and register them for a consignee."`
	Measure  deviceMeasureCmd  `cmd:"" help:"Answer challenges about what lies on this device."`
	Identify deviceIdentifyCmd `cmd:"" help:"Have a thing measured that came here, and verify it, once."`
}

// folder is how a command finds a device.
type folder struct {
	Dir        string `required:"" help:"The device's folder." placeholder:"DIR"`
	Passphrase string `help:"File of its passphrase; left out: in the folder." placeholder:"FILE"`
}

// home is how a command of a device finds its organisation.
type home struct {
	Server string `help:"Address of the organisation's API." default:"http://127.0.0.1:8080" env:"THERIAC_SERVER" placeholder:"URL"`
	Token  string `help:"File of the operator's token; found by itself for a server that this user runs on this machine." placeholder:"FILE"`
	JSON   bool   `help:"Print the outcome as JSON."`
}

func (h *home) client() (*client.Client, error) {
	token := os.Getenv("THERIAC_TOKEN")
	if h.Token != "" {
		raw, err := os.ReadFile(h.Token)
		if err != nil {
			return nil, err
		}
		token = strings.TrimSpace(string(raw))
	}
	return (&server{Server: h.Server, Token: token}).client()
}

type deviceNewCmd struct {
	Dir        string `arg:"" help:"Folder to make."`
	Operator   string `required:"" help:"GLN of the organisation that has the device."`
	Passphrase string `help:"File of its passphrase, made if it is not there; left out: in the folder." placeholder:"FILE"`
}

// Help implements kong.HelpProvider.
func (deviceNewCmd) Help() string {
	return `The card that it prints is no secret. Hand it to the maker of the product line, who admits
the device with it, and compare the identifier by another way.

  theriac device new scale --operator 9521141001035 > scale.card`
}

func (d *deviceNewCmd) Run(con *console) error {
	card, err := device.New(d.Dir, d.Operator, d.Passphrase)
	if err != nil {
		return err
	}
	fmt.Fprintf(con.err, "device %s of %s in %s\n", card.Device, card.Operator, d.Dir)
	return printCard(con, card)
}

// printCard prints a card in the one form in which it is read.
func printCard(con *console, card *device.Card) error {
	raw, err := canon.JSON(card)
	if err == nil {
		con.printf("%s\n", raw)
	}
	return err
}

type deviceListCmd struct {
	Dir  string `arg:"" help:"The device's folder."`
	JSON bool   `help:"Print the lines as JSON."`
}

func (d *deviceListCmd) Run(con *console) error {
	_, lines, err := device.Inspect(d.Dir)
	if err != nil {
		return err
	}
	if d.JSON {
		return printJSON(con.out, lines)
	}
	for _, l := range lines {
		notes := ""
		if l.Made {
			notes += ", made here"
		}
		if !l.Admitted {
			notes += ", not admitted now"
		}
		con.printf("%s  %s of %s, epoch %d, keys of epochs %v, %d devices%s\n",
			l.Record.ID, l.Record.GTIN, l.Record.Maker, l.Record.Epoch, l.Epochs, len(l.Record.Devices), notes)
	}
	return nil
}

type deviceShowCmd struct {
	Dir string `arg:"" help:"The device's folder."`
}

func (d *deviceShowCmd) Run(con *console) error {
	card, _, err := device.Inspect(d.Dir)
	if err != nil {
		return err
	}
	return printCard(con, card)
}

// lines are those of standard input, which a person or a scanner types.
type lines struct{ next chan string }

func readLines(in io.Reader) *lines {
	l := &lines{make(chan string)}
	go func() {
		defer close(l.next)
		for s := bufio.NewScanner(in); s.Scan(); {
			l.next <- s.Text()
		}
	}()
	return l
}

// read returns the next line, or io.EOF.
func (l *lines) read(ctx context.Context) (string, error) {
	select {
	case line, ok := <-l.next:
		if !ok {
			return "", io.EOF
		}
		return line, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// strict decodes the JSON of a file, all of it.
func strict(raw []byte, v any) error {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the value")
	}
	return nil
}
