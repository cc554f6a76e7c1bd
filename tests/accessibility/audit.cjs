// Look at finished pages as a browser shows them: axe-core, HTML_CodeSniffer, the
// keyboard, the width, print. Standard input: {browser, pages, widths, looks}; standard
// output: one line of JSON per page, width and look, and one per page for the keyboard
// and for print. Nothing is judged here.
const fs = require("fs");
const puppeteer = require("puppeteer-core");

const source = (name) => fs.readFileSync(require.resolve(name), "utf8");
const AXE = source("axe-core/axe.min.js");
const SNIFFER = source("html_codesniffer/build/HTMLCS.js");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"];
const LOOKS = {
  light: { media: "screen", features: [{ name: "prefers-color-scheme", value: "light" }] },
  dark: { media: "screen", features: [{ name: "prefers-color-scheme", value: "dark" }] },
  forced: {
    media: "screen",
    features: [
      { name: "forced-colors", value: "active" },
      { name: "prefers-color-scheme", value: "dark" },
    ],
  },
  print: { media: "print", features: [] },
};

const STILL = { name: "prefers-reduced-motion", value: "reduce" };

const say = (found) => process.stdout.write(JSON.stringify(found) + "\n");

async function open(browser, page, width, look) {
  const tab = await browser.newPage();
  const heard = { requests: [], console: [] };
  tab.on("request", (asked) => {
    if (!/^(file|data):/.test(asked.url())) heard.requests.push(asked.url());
  });
  tab.on("console", (line) => {
    if (["error", "warn"].includes(line.type())) heard.console.push(line.text());
  });
  tab.on("pageerror", (error) => heard.console.push(String(error)));
  await tab.setViewport({ width, height: 900 });
  const session = await tab.createCDPSession();
  const { media, features } = LOOKS[look];
  await session.send("Emulation.setEmulatedMedia", { media, features: [...features, STILL] });
  await tab.goto("file://" + page);
  return { tab, heard };
}

const overflow = () =>
  document.documentElement.scrollWidth - document.documentElement.clientWidth;

const openAll = () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
};

async function look(browser, page, width, name) {
  const { tab, heard } = await open(browser, page, width, name);
  const shut = await tab.evaluate(overflow);
  await tab.evaluate(openAll);
  const opened = await tab.evaluate(overflow);
  await tab.evaluate(AXE);
  const axe = await tab.evaluate(async (rules) => {
    const { violations } = await axe.run({ runOnly: { type: "tag", values: rules } });
    return violations.map((one) => [one.id, one.nodes.map((node) => node.target.join(" "))]);
  }, RULES);
  await tab.evaluate(SNIFFER);
  const sniffer = await tab.evaluate(
    () =>
      new Promise((done) =>
        HTMLCS.process("WCAG2AA", document, () =>
          done(
            HTMLCS.getMessages()
              .filter((one) => one.type === HTMLCS.ERROR)
              .map((one) => [one.code, one.msg, one.element?.outerHTML?.slice(0, 120)])
          )
        )
      )
  );
  say({ page, width, look: name, axe, sniffer, shut, opened, ...heard });
  await tab.close();
}

// Press Tab until the focus comes round; a region that scrolls must be on the way.
async function keyboard(browser, page, width) {
  const { tab, heard } = await open(browser, page, width, "light");
  await tab.evaluate(openAll);
  const stops = [];
  for (let presses = 0; presses < 2000; presses += 1) {
    await tab.keyboard.press("Tab");
    const stop = await tab.evaluate(() => {
      const here = document.activeElement;
      if (!here || here === document.body) return null;
      const style = getComputedStyle(here);
      const box = here.getBoundingClientRect();
      const first = !here.dataset.reached;
      here.dataset.reached = "yes";
      return {
        first,
        skip: here.classList.contains("skip"),
        outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
        seen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
        what: here.outerHTML.slice(0, 120),
      };
    });
    if (!stop || !stop.first) break;
    stops.push(stop);
  }
  const missed = await tab.evaluate(() =>
    [...document.querySelectorAll("*")]
      .filter((part) => {
        const style = getComputedStyle(part);
        const scrolls = /auto|scroll/.test(style.overflowX + style.overflowY);
        const over =
          part.scrollWidth > part.clientWidth + 1 || part.scrollHeight > part.clientHeight + 1;
        const holds = part.querySelector("[data-reached]");
        return scrolls && over && part.checkVisibility() && !part.dataset.reached && !holds;
      })
      .map((part) => part.outerHTML.slice(0, 120))
  );
  await tab.goto("file://" + page);
  await tab.keyboard.press("Tab");
  await tab.keyboard.press("Enter");
  await tab.keyboard.press("Tab");
  const skipped = await tab.evaluate(() => {
    const after = document.activeElement;
    const main = document.querySelector("main");
    return location.hash === "#main" && (main.contains(after) || after === main);
  });
  say({ page, width, look: "keyboard", stops, missed, skipped, ...heard });
  await tab.close();
}

// On paper everything is there: nothing is shut, and nothing needs scrolling.
async function print(browser, page) {
  const { tab, heard } = await open(browser, page, 720, "print");
  const told = await tab.evaluate(() => {
    const wide = (part) => part.scrollWidth > part.clientWidth + 1;
    const all = (selector) => [...document.querySelectorAll(selector)];
    return {
      shut: all("details > :not(summary)").filter((part) => !part.getBoundingClientRect().height)
        .length,
      wide: all(".scroll").filter(wide).map((part) => part.innerText.slice(0, 60)),
      written: all('main a[href^="https:"], main a[href$=".csv"]').filter(
        (link) =>
          !getComputedStyle(link, "::after").content.includes(link.getAttribute("href")) &&
          link.checkVisibility()
      ).length,
    };
  });
  say({ page, look: "print", ...told, ...heard });
  await tab.close();
}

(async () => {
  const asked = JSON.parse(fs.readFileSync(0, "utf8"));
  const browser = await puppeteer.launch({
    executablePath: asked.browser,
    headless: true,
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
      "--disable-background-networking", "--disable-component-update",
    ],
  });
  try {
    for (const page of asked.pages) {
      for (const width of asked.widths)
        for (const name of asked.looks) await look(browser, page, width, name);
      await keyboard(browser, page, 320);
      await print(browser, page);
    }
  } finally {
    await browser.close();
  }
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
