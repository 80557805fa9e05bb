package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"

	"theriac/internal/organisation"
)

type serveCmd struct {
	Data   string  `required:"" help:"The organisation's folder." placeholder:"DIR"`
	Listen string  `help:"host:port of the API instead of that in organisation.json."`
	Limit  float64 `help:"Public look-ups a second for one address." default:"20"`
	Log    string  `help:"debug, info, warn or error." enum:"debug,info,warn,error" default:"info"`
}

// Help implements kong.HelpProvider.
func (serveCmd) Help() string {
	return `Runs keys, store, ledger node, desks and API of one organisation, as
organisation.json in its folder says. Make folders with "theriac network init" or
"theriac key new". SIGTERM ends it in good order; after kill -9 it goes on from
what was acknowledged.`
}

func (s *serveCmd) Run(ctx context.Context, con *console) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.Log)); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(con.err, &slog.HandlerOptions{Level: level}))
	settings, err := organisation.LoadSettings(s.Data)
	if err != nil {
		return err
	}
	address := settings.Listen
	if s.Listen != "" {
		address = s.Listen
	}
	if !organisation.HasNode(s.Data) {
		return fmt.Errorf("%s has no ledger node: make it with theriac key new --genesis FILE --peer ID@HOST:PORT; "+
			"the organisations of a demo run with theriac demo --serve", s.Data)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	org, err := organisation.Open(ctx, s.Data, organisation.Options{Log: log, Version: version, Limit: s.Limit})
	if err != nil {
		return errors.Join(err, l.Close())
	}
	endpoint := settings.Scheme() + "://" + l.Addr().String()
	forget, err := leaveNote(endpoint, filepath.Join(s.Data, "token"))
	if err != nil {
		return errors.Join(err, l.Close(), org.Close())
	}
	defer forget()
	fmt.Fprintf(con.out, "%s (%s) serves at %s\n", settings.Name, settings.GLN, endpoint)
	err = org.Serve(ctx, l)
	return errors.Join(err, org.Close())
}

// settings of a new organisation.
func (k *keyNewCmd) settings() (*organisation.Settings, error) {
	s := &organisation.Settings{
		GLN: k.GLN, Name: k.Name, Prefixes: k.Prefix, Listen: k.Listen, Endpoint: k.Endpoint,
		Node: organisation.NodeSettings{Listen: k.P2P, Peers: k.Peer, SyncFrom: k.SyncFrom, Profile: organisation.Profile(k.Profile)},
	}
	if s.Endpoint == "" {
		s.Endpoint = s.Scheme() + "://" + k.Listen
	}
	roles, err := organisation.Roles(k.Role)
	s.Roles = roles
	return s, err
}
