package instrument

import (
	"fmt"
	"regexp"
	"strings"

	"theriac/genuine"
)

// MT-SICS, levels 0 and 1 (Mettler-Toledo, Reference Manual MT-SICS, 11781363): the
// commands, each ended by CR LF, that reading takes.
const (
	reset    = "@"  // forgets all commands that wait; answers as I4, at once
	identify = "I4" // serial number
	weigh    = "S"  // net weight, when it is stable
)

// A reply is one line of a balance, without its CR LF.
type reply struct {
	command string // identify or weigh; or the general errors ES, ET, EL, which have no more
	status  byte   // A, S, D; I, L, +, -
	text    string // serial number; weight, ten characters as they came; fault
	unit    string // of a weight, as the balance writes it
}

var (
	// Ten characters wide, the number to the right; outside the fine range of some
	// balances the last of them is blank. A line that lost or gained a character on its
	// way is no such line any more: serial lines have no checksum.
	weightForm = regexp.MustCompile(`^ *(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?) ?$`)
	faultForm  = regexp.MustCompile(`^ {1,2}Error [1-9][0-9]?[bt]$`)
)

const (
	weightWidth = 10
	unitWidth   = 5
)

// parseReply reads a line, and returns ErrGarbled for what answers none of the commands
// above.
func parseReply(line string) (reply, error) {
	switch line {
	case "ES", "ET", "EL":
		return reply{command: line}, nil
	}
	command, rest, _ := strings.Cut(line, " ")
	known := command == identify || command == weigh
	if known && len(rest) == 1 && strings.Contains("IL+-", rest) {
		return reply{command: command, status: rest[0]}, nil
	}
	status, text, ok := strings.Cut(rest, " ")
	switch {
	case !ok || len(status) != 1:
	case command == identify && status == "A" && len(text) > 1 && text[0] == '"' && text[len(text)-1] == '"' && printable(text):
		return reply{command: command, status: 'A', text: text}, nil
	case command == weigh && status == "S" && len(text) == weightWidth && faultForm.MatchString(text):
		return reply{command: command, status: 'S', text: text}, nil
	case command == weigh && (status == "S" || status == "D") && len(text) > weightWidth+1 && text[weightWidth] == ' ':
		r := reply{command: command, status: status[0], text: text[:weightWidth], unit: text[weightWidth+1:]}
		if weightForm.MatchString(r.text) && len(r.unit) <= unitWidth && printable(r.unit) && !strings.Contains(r.unit, " ") {
			return r, nil
		}
	}
	return reply{}, fmt.Errorf("%w: line of %d characters", ErrGarbled, len(line))
}

// printable reports whether s has characters only, in whatever character set.
func printable(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

// String returns the line.
func (r reply) String() string {
	switch {
	case r.status == 0:
		return r.command
	case r.text == "":
		return r.command + " " + string(rune(r.status))
	case r.unit == "":
		return r.command + " " + string(rune(r.status)) + " " + r.text
	}
	return r.command + " " + string(rune(r.status)) + " " + r.text + " " + r.unit
}

// units are those of the manual (SIS) that UCUM has; the micro sign comes in several
// character sets.
var units = map[string]string{
	"g": "g", "kg": "kg", "mg": "mg", "ug": "ug", "\xb5g": "ug", "\u00b5g": "ug", "\u03bcg": "ug", "ct": "[car_m]",
	"lb": "[lb_av]", "oz": "[oz_av]", "ozt": "[oz_tr]", "GN": "[gr]", "dwt": "[pwt_tr]",
}

// reading returns a weight as it was shown: nothing is converted or rounded.
func (r reply) reading(feature string) (genuine.Reading, error) {
	unit, ok := units[r.unit]
	if !ok {
		return genuine.Reading{}, fmt.Errorf("%w: %q", ErrUnit, r.unit)
	}
	value, err := genuine.ParseQuantity(weightForm.FindStringSubmatch(r.text)[1])
	return genuine.Reading{Feature: feature, Unit: unit, Value: value}, err
}
