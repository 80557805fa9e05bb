package instrument

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"theriac/genuine"
	"theriac/refusal"
)

// A script is a balance that says for each command, counted by command from one, what
// the test wants: the bytes as they are.
type script func(command string, n int) string

const (
	number = "I4 A \"B021002593\"\r\n"
	good   = "S S     100.00 g\r\n"
	other  = "S S       7.00 g\r\n"
)

// proper is a balance as the manual has it.
func proper(command string, _ int) string {
	if command == weigh {
		return good
	}
	return number
}

// except is proper but for the first answers to a command.
func except(command string, said ...string) script {
	return func(c string, n int) string {
		if c == command && n <= len(said) {
			return said[n-1]
		}
		return proper(c, n)
	}
}

// always is proper but for a command.
func always(command, said string) script {
	return func(c string, n int) string {
		if c == command {
			return said
		}
		return proper(c, n)
	}
}

// play connects a balance that plays a script, at each dial anew.
func play(t *testing.T, s script) *Instrument {
	t.Helper()
	count := map[string]int{}
	var mu sync.Mutex
	answer := func(command string) string {
		mu.Lock()
		defer mu.Unlock()
		count[command]++
		return s(command, count[command])
	}
	return driven(t, &balance{feature: "mass", dial: func(context.Context) (io.ReadWriteCloser, error) {
		here, there := net.Pipe()
		go func() {
			defer there.Close()
			for lines := bufio.NewScanner(there); lines.Scan(); {
				said := answer(lines.Text())
				if said == "hang up" {
					return
				}
				// A pipe is read by somebody, or was closed: then the dialogue is over.
				if _, err := io.WriteString(there, said); err != nil {
					return
				}
			}
		}()
		return here, nil
	}})
}

func driven(t *testing.T, d driver) *Instrument {
	t.Helper()
	i := &Instrument{driver: d, spec: "tcp://balance.example:1", turn: make(chan struct{}, 1)}
	i.life, i.end = context.WithCancel(context.Background())
	t.Cleanup(func() {
		if err := i.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return i
}

// Whatever a balance or its line does wrong for a while, the weight that is returned in
// the end is the one it showed to this question.
func TestOnlyTheAnswerIsTaken(t *testing.T) {
	for name, s := range map[string]script{
		"as in the manual":                 proper,
		"a late answer before the reset's": except(reset, other+number),
		"rubbish before the reset's":       except(reset, "\x00\xff\x80garbage\r\n 1.00 g\r\n\r\n"+number),
		// Against the manual: what was asked before the reset is answered after it.
		"a late answer after the reset's":         except(weigh, other+good),
		"a late answer, and the answer unsettled": except(weigh, other+"S I\r\n"),
		"a late answer just before the end":       except(identify, other+number),
		"moving, then stable":                     except(weigh, "S D     101.00 g\r\n", "S D     100.20 g\r\n", good),
		"no stable value in its own time":         except(weigh, "S I\r\n", "S I\r\n"),
		"transmission error":                      except(weigh, "ET\r\n"),
		"switched on meanwhile":                   except(weigh, number),
		"answer lost":                             except(weigh, "", ""),
		"reset lost":                              except(reset, "", ""),
		"serial number lost":                      except(identify, ""),
		"serial number of another balance":        except(identify, "I4 A \"B999\"\r\n"),
		"line broken off":                         except(weigh, "S S     10", "0.00 g\r\n"),
		"a character lost":                        except(weigh, "S S    10.00 g\r\n"),
		"a character lost of the unit's":          except(weigh, "S S     100.00 \r\n"),
		"a character doubled":                     except(weigh, "S S     1100.00 g\r\n"),
		"no carriage return":                      except(weigh, "S S       7.00 g\n"),
		"end of an overlong line":                 except(weigh, strings.Repeat("x", maxLine)+other, strings.Repeat("x", 3*maxLine)+other),
		"zeros in front":                          except(weigh, "S S     007.00 g\r\n"),
		"hung up when weighing":                   except(weigh, "hang up", "hang up"),
		"hung up at the end":                      except(identify, "hang up"),
		"another command's answer":                except(weigh, "T S       7.00 g\r\n"),
		"weight of a button pressed":              except(identify, other, other),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				i := play(t, s)
				for range 2 {
					got, err := i.Measure(within(t, 10*time.Minute))
					if err != nil || len(got) != 1 || got[0] != (genuine.Reading{Feature: "mass", Unit: "g", Value: 100e6}) {
						t.Errorf("Measure() = %v, %v, want 100 g", got, err)
					}
				}
			})
		})
	}
}

// A question that timed out is answered later: that answer is not the next question's.
func TestAnswerToAnEarlierQuestionIsNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := ""
		i := play(t, func(command string, n int) string {
			switch {
			case command == weigh && n == 1:
				late = other
				return ""
			case command == reset && late != "":
				said := late + number
				late = ""
				return said
			}
			return proper(command, n)
		})
		_, err := i.Measure(within(t, 3*time.Second))
		is(t, err, ErrUnstable)
		got, err := i.Measure(within(t, 3*time.Second))
		if err != nil || got[0].Value != 100e6 {
			t.Errorf("Measure() = %v, %v, want 100 g", got, err)
		}
	})
}

// What goes wrong for good is named: at once if asking again would not mend it.
func TestBalanceRefusals(t *testing.T) {
	for name, tt := range map[string]struct {
		script script
		want   *refusal.Refusal
		atOnce bool
	}{
		"silent":               {func(string, int) string { return "" }, ErrSilent, false},
		"silent at the end":    {always(identify, ""), ErrSilent, false},
		"never stable":         {always(weigh, "S I\r\n"), ErrUnstable, false},
		"always moving":        {always(weigh, "S D     100.00 g\r\n"), ErrUnstable, false},
		"no answer to weigh":   {always(weigh, ""), ErrUnstable, false},
		"not understood":       {always(weigh, "ET\r\n"), ErrGarbled, false},
		"never whole":          {always(weigh, "S S   0.00 g\r\n"), ErrGarbled, false},
		"another language":     {func(string, int) string { return "+  100.00 g \r\n" }, ErrGarbled, false},
		"two balances":         {always(identify, "I4 A \"B999\"\r\n"), ErrGarbled, false},
		"hangs up":             {func(string, int) string { return "hang up" }, ErrUnreachable, false},
		"chatters":             {func(string, int) string { return strings.Repeat("garbage\r\n", flood+1) }, ErrGarbled, true},
		"chatters weights":     {func(string, int) string { return strings.Repeat(good, flood+1) }, ErrGarbled, true},
		"chatters without end": {func(string, int) string { return strings.Repeat("x", maxLine*(flood+2)) }, ErrGarbled, true},
		"overload":             {always(weigh, "S +\r\n"), ErrOverload, true},
		"underload":            {always(weigh, "S -\r\n"), ErrUnderload, true},
		"unknown command":      {always(weigh, "ES\r\n"), ErrFault, true},
		"logical error":        {always(weigh, "EL\r\n"), ErrFault, true},
		"wrong parameter":      {always(weigh, "S L\r\n"), ErrFault, true},
		"fault":                {always(weigh, "S S  Error 10b\r\n"), ErrFault, true},
		"unit without a code":  {always(weigh, "S S     100.00 mom\r\n"), ErrUnit, true},
		"more than six places": {always(weigh, "S S  0.1234567 g\r\n"), genuine.ErrReading, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				got, err := play(t, tt.script).Measure(within(t, 50*time.Second))
				is(t, err, tt.want)
				if took := time.Since(began); got != nil || tt.atOnce != (took < time.Second) || !tt.atOnce && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v, %v after %v", got, err, took)
				}
			})
		})
	}
}

// Who sets no deadline gets a minute.
func TestMeasureEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := play(t, always(weigh, "S I\r\n")).Measure(context.Background())
		is(t, err, ErrUnstable)
		if took := time.Since(began); took < limit || took > limit+time.Second {
			t.Errorf("after %v, want %v", took, limit)
		}
	})
}

// A line that takes nothing does not hold the measurement, or Close.
func TestLineThatTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := driven(t, &balance{dial: func(context.Context) (io.ReadWriteCloser, error) {
			here, _ := net.Pipe()
			return here, nil
		}})
		_, err := i.Measure(within(t, time.Second))
		is(t, err, ErrUnreachable)
	})
}

func TestMeasureIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := play(t, always(weigh, "S I\r\n"))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := i.Measure(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v, want that it was cancelled", err)
		}
		time.AfterFunc(time.Second, func() {
			if err := i.Close(); err != nil {
				t.Error(err)
			}
		})
		if _, err := i.Measure(t.Context()); !errors.Is(err, os.ErrClosed) {
			t.Errorf("got error %v, want that it was closed", err)
		}
	})
}

// Several who measure at a time take turns: each gets an answer to its own question.
func TestMeasurementsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := play(t, func(command string, n int) string {
			if command == weigh {
				return fmt.Sprintf("S S %10s g\r\n", fmt.Sprintf("%d.00", n))
			}
			return number
		})
		var mu sync.Mutex
		seen := map[genuine.Quantity]bool{}
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				got, err := i.Measure(within(t, time.Minute))
				mu.Lock()
				defer mu.Unlock()
				if err != nil || seen[got[0].Value] {
					t.Errorf("%v, %v: somebody else's", got, err)
					return
				}
				seen[got[0].Value] = true
			})
		}
		all.Wait()
		if len(seen) != 20 {
			t.Errorf("%d weights, want 20", len(seen))
		}
	})
}
