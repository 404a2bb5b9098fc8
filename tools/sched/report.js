// A policy's line stands out while the pointer is on it; and the data that the report carries can be saved from it.
document.querySelectorAll("svg .policy").forEach(function (line) {
    var svg = line.ownerSVGElement;
    line.addEventListener("mouseenter", function () { svg.classList.add("faded"); line.classList.add("lit"); });
    line.addEventListener("mouseleave", function () { svg.classList.remove("faded"); line.classList.remove("lit"); });
});
document.querySelectorAll("[data-save]").forEach(function (button) {
    button.addEventListener("click", function () {
        var link = document.createElement("a");
        link.href = URL.createObjectURL(new Blob([document.getElementById("data").textContent], { type: "application/json" }));
        link.download = button.dataset.save;
        link.click();
    });
});
