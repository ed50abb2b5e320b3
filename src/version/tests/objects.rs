use std::fs;

use object_store::ObjectStoreExt;
use tempfile::TempDir;

use super::*;

struct World {
    root: TempDir,
    objects: Arc<Objects>,
}

fn world() -> World {
    let root = TempDir::new().expect("a temporary directory");
    fs::create_dir_all(root.path().join("v1/t")).expect("directories");
    let content: Vec<u8> = (0..=255).cycle().take(3 << 20).collect();
    fs::write(root.path().join("v1/t/a"), content).expect("a file");
    fs::write(root.path().join("secret"), "secret").expect("a file");
    std::os::unix::fs::symlink("../../secret", root.path().join("v1/t/out")).expect("a link");
    std::os::unix::fs::symlink("a", root.path().join("v1/t/in")).expect("a link");
    let objects = Objects::new(Tasks::new());
    let files =
        [("t/a", 3 << 20), ("t/in", 3 << 20), ("t/out", 6), ("t/gone", 1), ("../secret", 6)]
            .map(|(path, bytes)| (path.to_owned(), Expected { bytes, modified_us: None }));
    objects.mount("d", "v", root.path().join("v1"), files.into());
    World { root, objects }
}

impl World {
    async fn read(&self, location: &str, range: Range<u64>) -> Result<Bytes, String> {
        let path = Path::parse(location).map_err(|error| error.to_string())?;
        self.objects.get_range(&path, range).await.map_err(|error| error.to_string())
    }
}

#[tokio::test]
async fn ranges_are_read() {
    let world = world();
    assert_eq!(world.read("d/v/t/a", 1..4).await.expect("read").as_ref(), &[1, 2, 3]);
    let long = world.read("d/v/t/in", 256..2 << 20).await.expect("read");
    assert_eq!((long.len(), long.first()), ((2 << 20) - 256, Some(&0)));
    let path = Path::from("d/v/t/a");
    let ranges = [10..12, 0..1, 1_000_000..1_000_001, 11..11, 5..20];
    let found = world.objects.get_ranges(&path, &ranges).await.expect("read");
    let found: Vec<&[u8]> = found.iter().map(AsRef::as_ref).collect();
    let long: Vec<u8> = (5..20).collect();
    assert_eq!(found, vec![&[10, 11], [0].as_slice(), &[64], &[], &long]);
    let whole = world.objects.get(&path).await.expect("opened").bytes().await.expect("read");
    assert_eq!(whole.len(), 3 << 20);
    assert_eq!(world.objects.head(&path).await.expect("known").size, 3 << 20);
}

#[tokio::test]
async fn nothing_else_is_read() {
    let world = world();
    for location in ["d/v/t/b", "d/v/t/gone", "d/v", "d", "e/v/t/a", "d/w/t/a"] {
        let error = world.read(location, 0..1).await.expect_err(location);
        assert!(error.contains("does not exist"), "{location}: {error}");
    }
    let error = world.read("d/v/t/out", 0..1).await.expect_err("a link out");
    assert!(error.contains("could not open file"), "{error}");
    assert!(world.read("d/v/../secret", 0..1).await.is_err());
    assert!(open_beneath(&world.root.path().join("v1"), "../secret").is_err());
    assert!(world.read("d/v/t/a", 3 << 20..4 << 20).await.is_err());
    world.objects.unmount("d", "v");
    assert!(world.read("d/v/t/a", 0..1).await.is_err());
}

#[tokio::test]
async fn a_changed_file_is_not_read() {
    let world = world();
    let path = world.root.path().join("v1/t/a");
    fs::write(&path, "other").expect("changed");
    let error = world.read("d/v/t/a", 0..1).await.expect_err("changed");
    assert!(error.contains("file \"t/a\" changed after version \"v\" was loaded"), "{error}");
    let modified = fs::metadata(&path).and_then(|found| found.modified()).expect("a time");
    let modified_us = DateTime::<Utc>::from(modified).timestamp_micros();
    let expected = |modified_us| Expected { bytes: 5, modified_us: Some(modified_us) };
    let directory = world.root.path().join("v1");
    world.objects.mount(
        "d",
        "v",
        directory.clone(),
        [("t/a".into(), expected(modified_us))].into(),
    );
    assert!(world.read("d/v/t/a", 0..1).await.is_ok());
    world.objects.mount("d", "v", directory, [("t/a".into(), expected(modified_us - 1))].into());
    assert!(world.read("d/v/t/a", 0..1).await.is_err());
}

#[tokio::test]
async fn nothing_is_written_and_no_other_store_exists() {
    let world = world();
    let path = Path::from("d/v/t/a");
    assert!(world.objects.put(&path, "x".into()).await.is_err());
    assert!(world.objects.delete(&path).await.is_err());
    assert!(world.objects.copy(&path, &Path::from("d/v/t/c")).await.is_err());
    assert!(world.objects.put_multipart(&path).await.is_err());
    assert!(world.objects.list(None).next().await.is_none());
    let registry = world.objects.registry();
    let url = |text: &str| Url::parse(text).expect("a URL");
    for foreign in ["file:///etc/passwd", "s3://b", "http://localhost", "forebay://host/x"] {
        let error = registry.get_store(&url(foreign)).expect_err(foreign);
        assert!(error.to_string().contains("only files of versions"), "{error}");
    }
    registry.register_store(&url("file:///"), Arc::clone(&world.objects) as Arc<dyn ObjectStore>);
    assert!(registry.get_store(&url("file:///")).is_err());
    let own = Objects::url().expect("a URL");
    assert!(registry.get_store(own.as_ref()).is_ok());
}
