// Command theriac verifies a medicine from raw material to bedside: it runs an
// organisation of a consortium, and checks evidence without believing anybody.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"theriac/client"
	"theriac/refusal"
)

// version is set by the linker for releases.
var version = "dev"

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

// cli is the whole command, one field a verb.
type cli struct {
	Verify verifyCmd `cmd:"" group:"check" help:"Verify the evidence of a pack, offline."`
	Trace  traceCmd  `cmd:"" group:"check" help:"Show what is known of an identifier, and verify it if it is a pack."`
	Redeem redeemCmd `cmd:"" group:"check" help:"Redeem the concealed code of a pack: was anybody before you?"`

	Demo   demoCmd   `cmd:"" group:"run" help:"Run the story: a medicine goes from raw material to a pharmacy."`
	Serve  serveCmd  `cmd:"" group:"run" help:"Run an organisation."`
	Key    keyCmd    `cmd:"" group:"run" help:"Signing keys of an organisation."`
	Person personCmd `cmd:"" group:"run" help:"People who log in to the organisation's console."`
	Web    webCmd    `cmd:"" group:"run" help:"The pages in this program, and those of servers."`

	Batch   batchCmd   `cmd:"" group:"work" help:"Release batches, list and label their packs, recall them."`
	Unit    unitCmd    `cmd:"" group:"work" help:"Dispense packs and move them between states."`
	Message messageCmd `cmd:"" group:"work" help:"Send messages to other organisations, read the mail."`
	Capture captureCmd `cmd:"" group:"work" help:"Hand EPCIS documents to an organisation."`

	Line         lineCmd         `cmd:"" group:"work" help:"Product lines whose things are measured."`
	Registration registrationCmd `cmd:"" group:"work" help:"Things that were registered, and whether they were identified."`

	Device     deviceCmd     `cmd:"" group:"measure" help:"Devices that register, measure and identify things."`
	Instrument instrumentCmd `cmd:"" group:"measure" help:"Instruments of a measuring device, real and simulated."`

	Network networkCmd `cmd:"" group:"consortium" help:"Make a network, watch it."`
	Member  memberCmd  `cmd:"" group:"consortium" help:"Apply for membership, admit, vote."`

	Version kong.VersionFlag `help:"Print the version."`
}

// groups are the headings of --help, in its order.
func groups() kong.Option {
	return kong.ExplicitGroups([]kong.Group{
		{Key: "check", Title: "Anybody, without an account:"},
		{Key: "run", Title: "Run an organisation:"},
		{Key: "work", Title: "Its daily work:"},
		{Key: "measure", Title: "Measuring devices:"},
		{Key: "consortium", Title: "The consortium and its ledger:"},
	})
}

// console is what commands print to.
type console struct{ out, err io.Writer }

func (c *console) printf(format string, args ...any) { fmt.Fprintf(c.out, format, args...) }

// An exit is the error that ends the command with a status of its own; what there
// is to say was said.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// Exit statuses of the command.
const (
	exitGenuine   = 0
	exitRefused   = 1 // evidence refused, or the command failed
	exitUsage     = 2 // usage, or evidence that cannot be read
	exitUndecided = 3
)

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (status int) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c cli
	// kong ends the process for --help and --version; here it only unwinds.
	defer func() {
		if r := recover(); r != nil {
			code, ok := r.(exit)
			if !ok {
				panic(r)
			}
			status = int(code)
		}
	}()
	con := &console{stdout, stderr}
	parser, err := kong.New(&c, kong.Name("theriac"), kong.Writers(stdout, stderr), kong.Vars{"version": version},
		kong.Description("Verify a medicine from raw material to bedside."), groups(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Exit(func(code int) { panic(exit(code)) }), kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(con))
	if err != nil {
		fmt.Fprintln(stderr, "theriac:", err)
		return exitUsage
	}
	k, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(stderr, "theriac:", err)
		fmt.Fprintln(stderr, "Try: theriac --help")
		return exitUsage
	}
	return con.report(k.Run())
}

// report prints the error that ended a command, with a hint where one helps.
func (c *console) report(err error) int {
	var code exit
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	case errors.Is(err, context.Canceled):
		return 130
	}
	fmt.Fprintln(c.err, "theriac:", err)
	if errors.Is(err, client.ErrUnreachable) {
		fmt.Fprintln(c.err, "Is it running there? Another address: --server URL, or THERIAC_SERVER.")
	}
	if hint, ok := hints[refusal.Code(err)]; ok {
		fmt.Fprintln(c.err, hint)
	}
	return exitRefused
}

var hints = map[string]string{
	"unauthorised":           "Give the operator's token with --token or THERIAC_TOKEN; it is in the organisation's data folder.",
	"no_origin":              "Set \"origin\" in organisation.json to the console's address, https://DOMAIN.",
	"busy":                   "The node may still be catching up: theriac network status --server URL",
	"device_in_use":          "Is theriac device measure running with this folder?",
	"line_elsewhere":         "Was it changed with another device? If that one is lost: --take-over, with the cards of all devices that shall stay.",
	"label_mismatch":         "The pack was tampered with, or misread: scan it again, then report it.",
	"instrument_silent":      "Its interface must be set to MT-SICS on request (\"host\"), and the spec to its baud, bits, parity and stop.",
	"instrument_spec":        "A spec is serial:///dev/ttyUSB0?baud=9600&feature=mass, tcp://HOST:PORT?feature=mass or mqtt://USER:PASSWORD@HOST:PORT/TOPIC?feature=NAME.",
	"instrument_unreachable": "Is it on and plugged in? A serial port is open to one program at a time, and mostly to the group dialout only.",
	"unknown_serial":         "The maker has no such pack. If the code came off a pack, report it.",
}
