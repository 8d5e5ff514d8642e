package main

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"

	"iptvdc/aggregator"
	"iptvdc/aggregator/console"
)

// firstStart is what the page's first hour needs. While the platform has no
// administrator, the code by which somebody becomes it is in the log; each start draws
// another.
func (p *Platform) firstStart(ctx context.Context) (console.FirstStart, error) {
	free, err := p.settings.Unclaimed(ctx)
	if err != nil {
		return console.FirstStart{}, err
	}
	if free {
		c := rand.Text()
		p.setupCode = c[:5] + "-" + c[5:10] + "-" + c[10:15]
		p.log.Info("there is no administrator yet: open the page and give the set-up code, or open the one-time link", "setup_code", p.setupCode, "page", p.PageURL())
	}
	boxes := p.config.MQTT.Broker
	if boxes == "" {
		boxes = p.BrokerURL()
	}
	return console.FirstStart{Code: p.setupCode, Claims: p.settings, Folder: p.provinceFolder, Put: p.putFile, Boxes: boxes}, nil
}

func (p *Platform) provinceFolder(province aggregator.Province) (string, error) {
	folder := p.inbox.In(province)
	return folder, os.MkdirAll(folder, 0o700)
}

// putFile lays a file into a province's folder under a name that the inbox leaves alone,
// and gives it its own when it is whole.
func (p *Platform) putFile(province aggregator.Province, name string, body io.Reader) error {
	folder, err := p.provinceFolder(province)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, ".put-*")
	if err != nil {
		return err
	}
	_, err = io.Copy(f, body)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		// the name may be there: then it is the newer one's
		err = os.Rename(f.Name(), filepath.Join(folder, name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
